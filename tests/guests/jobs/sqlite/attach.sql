attach 'a.db' as a;
attach 'b.db' as b;
create table b.kept as select id, text, extra from a.little where id % 2 = 0;
create table here (id integer primary key);
begin;
insert into here select id from b.kept;
delete from b.kept where id < 720;
commit;
select (select count(*) from here), (select count(*) from b.kept), (select max(text) from a.page);
.restore a.db
pragma integrity_check;
.save copy.db

create table line (id integer primary key, text text, data blob);
create index line_text on line (text);
create view last as select * from line order by id desc limit 3;
begin;
with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000)
insert into line select i, printf('%06d', i * 3), zeroblob(i % 40) from n;
commit;
begin;
insert into line values (9999, 'never', null);
rollback;
select id, text, length(data) from last;
select count(*), sum(length(data)) from line where text between '000600' and '001200';

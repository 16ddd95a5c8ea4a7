-- Twenty thousand rows on disk, sorted without an index, joined, deleted.
create table big (id integer primary key, key integer, text text);
begin;
with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
insert into big select i, i * 7919 % 20011, substr('the quick brown fox jumps over the lazy dog', i % 30, i % 13 + 1) from n;
commit;
create index big_key on big (key);
select count(*), sum(key), max(text) from big;
select key, text from big order by text desc, key limit 5;
select count(*) from big a join big b on a.key = b.id where a.id % 5 = 0;
select id from big where key in (5, 5000, 20000) order by id;
begin;
delete from big where id % 10 <> 0;
update big set text = text || text;
commit;
select count(*), sum(length(text)) from big;
vacuum;
select count(*), sum(length(text)), min(key) from big;

create table page (id integer primary key, text text, data blob);
create index page_text on page (text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 800)
insert into page select i, printf('%05d-%s', i * 7919 % 10007, substr('abcdefghijklmnopqrstuvwxyz', i % 20, 6)), zeroblob(i % 50 * 100) from n;
select count(*), sum(length(data)), min(text), max(text) from page;

delete from page where id % 3 <> 0;
update page set data = x'c0ffee' || text where id % 2;
select count(*), sum(length(data)), min(text), max(text) from page;
drop index page_text;
create table small as select id, text from page where id > 700;
alter table small rename to little;
alter table little add column extra default 7;
select count(*), sum(extra) from little;

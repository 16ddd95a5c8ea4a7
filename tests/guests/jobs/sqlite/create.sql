create table person (id integer primary key, name text not null, town text, born integer, score real);
.mode csv
.import people.csv raw
insert into person select * from raw;
drop table raw;
create index person_town on person (town, born);
create table visit (person integer references person, day text, minutes integer, primary key (person, day)) without rowid;
with recursive n(i) as (select 0 union all select i + 1 from n where i < 499)
insert into visit select i % 12 + 1, date('2021-01-01', i || ' days'), i * 7919 % 240 from n;
begin;
delete from person;
rollback;
select count(*) from person;
select count(*) from visit;

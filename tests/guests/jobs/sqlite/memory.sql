-- A database in memory: schema, transactions, indexes, triggers, views, what the shell shows of them.
create table item (id integer primary key, name text unique collate nocase, price real check (price >= 0), note blob);
create table log (at integer primary key autoincrement, what text);
create trigger item_added after insert on item begin insert into log (what) values ('added ' || new.name); end;
create view dear as select name, price from item where price > 30;
insert into item (name, price, note) values ('Ink', 3.5, x'0102'), ('Paper', 12, null), ('Clock', 100, zeroblob(3));
begin;
update item set price = price * 2;
savepoint half;
delete from item;
rollback to half;
commit;
insert or ignore into item (name, price) values ('INK', 1);
insert or replace into item (id, name, price) values (2, 'Book', 40.25);
.headers on
.mode csv
select * from item;
select * from dear order by price;
.headers off
.mode list
select * from log;
.mode insert copied
select id, name, price, note from item;
.mode quote
select name, price, note, null from item;
.mode line
select count(*) as number, sum(price) as sum, total(price), avg(price) from item;
.mode list
.tables
.schema item
.dump
select name, upper(type), pk from pragma_table_info('item');
pragma journal_mode;
pragma page_size;
pragma integrity_check;

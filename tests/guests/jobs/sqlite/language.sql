-- The language: expressions, types, functions, recursion, windows, dates, JSON where it is built in.
select 7 / 2, -7 / 2, 7 % -3, 7 / 2.0, 1 << 40, ~5, 9223372036854775807 + 1, 1e400, -0.0, 0.1 + 0.2, 1 / 0;
select typeof(1), typeof('1' + 1), typeof(1.0), typeof(null), typeof(x''), '10' < 9, 10 < '9', cast('12abc' as integer), 'a' || 1 || null;
select round(2.5), round(-1234.5678, 2), abs(-5), max(3, 9, 4), min('b', 'a'), 5 between 1 and 5, 3 in (1, 2), null is not 1, nullif(1, 1);
select upper('später'), length('später'), length(cast('später' as blob)), substr('hello', -3, 2), replace('aXbX', 'X', '--'), trim('  x '), instr('abc', 'c');
select hex('ä'), char(228, 8364), unicode('€'), quote('it''s'), printf('%08.3f|%-5d|%x|%s|%,d', 3.14159, 42, 255, 'q', 1234567), 'abc' glob 'a*', 'ABC' like 'a%';
select date('2024-02-28', '+2 days'), strftime('%j %W %s', '2021-03-04 05:06:07'), julianday('2000-01-01'), datetime(1e9, 'unixepoch'), time('12:34', '-90 minutes');
with recursive fib(a, b) as (select 0, 1 union all select b, a + b from fib where b < 1000) select group_concat(a) from fib;
with recursive queens(row, places) as (select 0, '' union all
  select row + 1, places || c.v from queens, (select 0 as v union select 1 union select 2 union select 3 union select 4 union select 5) c
  where row < 6 and not exists (with recursive k(i) as (select 0 union all select i + 1 from k where i < row - 1)
    select 1 from k where row > 0 and (substr(places, i + 1, 1) = '' || c.v or abs(substr(places, i + 1, 1) - c.v) = row - i)))
select places from queens where row = 6 order by 1;
create table t (g, v);
insert into t values ('a', 1), ('a', 5), ('b', 2), ('b', null), ('c', 9), ('a', 3);
select g, v, sum(v) over (partition by g order by v), row_number() over (order by v), lag(v) over (order by v), ntile(3) over (order by v) from t order by v, g;
select g, count(*), count(v), group_concat(v, '/'), total(v), sum(distinct v) from t group by g order by g;
select t.g, u.v from t left join (select * from t where v > 2) u on t.g = u.g and t.v < u.v order by 1, 2;
select g from t except select 'b' union select 'z' order by 1 desc limit 2;
select case when v > 4 then 'much' when v is null then 'none' else 'little' end, v collate nocase from t order by g, v;
update t set v = v * 10 where g = 'a';
insert into t values ('d', 1) on conflict do nothing;
select * from t where (g, v) in (values ('a', 10), ('c', 9)) order by g;
select rowid, * from t where v is null or v = (select max(v) from t);

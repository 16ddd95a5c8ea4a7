select count(*), min(born), max(born), round(avg(score), 4) from person;
select name, town, sum(minutes) from person join visit on person = id group by id order by 3 desc, 1 limit 5;
select name from person where town like '%"%' order by born desc;
select substr(day, 1, 7) as month, count(*), max(minutes) from visit group by month having count(*) > 20 order by month;
select name, rank() over (partition by town order by score desc) as place from person order by town, place;
.output report.txt
select name, born from person order by born;
.output stdout
update person set name = upper(name) where born < 1960;
insert into person values (100, 'new', null, null, 1099511627776.5);
select quote(name), quote(town), score from person where id >= 12;

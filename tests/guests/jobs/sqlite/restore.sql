.restore shop.db
pragma integrity_check;
.tables
select type, name, tbl_name from sqlite_master order by name;
.dump
select hex(town), length(town), unicode(town) from person where id < 4;
pragma foreign_key_check;

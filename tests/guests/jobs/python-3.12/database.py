# A database on disk through the module sqlite3: made in one run, queried in the next.
import sqlite3
import sys

step, path = sys.argv[1:]
db = sqlite3.connect(path)
if step == "create":
    print("journal:", db.execute("pragma journal_mode = truncate").fetchone())
    with db:
        db.execute("create table item (id integer primary key, name text unique, price real, note blob)")
        db.execute("create table sale (item integer references item, day text, count integer)")
        db.execute("create index sale_day on sale (day)")
    with db:
        db.executemany("insert into item (name, price, note) values (?, ?, ?)",
                       [(f"item {i}", i * 1.25, bytes([i]) * i) for i in range(1, 101)])
        db.executemany("insert into sale values (?, ?, ?)",
                       [(i % 100 + 1, f"2021-{i % 12 + 1:02}-{i % 28 + 1:02}", i % 7) for i in range(3000)])
    try:
        with db:
            db.execute("update item set price = -1")
            db.execute("insert into item (name) values ('item 7')")
    except sqlite3.IntegrityError as error:
        print("rolled back:", error)
    print(db.total_changes, db.execute("select min(price), max(price) from item").fetchone())
else:
    print("integrity:", db.execute("pragma integrity_check").fetchone()[0])
    for row in db.execute("""select substr(day, 1, 7) as month, sum(count), round(sum(count * price), 2), count(distinct item)
                             from sale join item on item.id = sale.item group by month order by month"""):
        print(*row)
    db.create_function("reversed", 1, lambda text: text[::-1])
    print(db.execute("select reversed(name), length(note), hex(substr(note, 1, 2)) from item where id > 97").fetchall())
    print(db.execute("""with recursive n(i) as (select 1 union all select i + 1 from n where i < 20)
                        select group_concat(i * i, ' ') from n""").fetchone()[0])
    db.execute("vacuum")
    print("\n".join(db.iterdump())[:300])
db.close()

<?php
// A database on disk through PDO and SQLite3: made in one run, queried in the next.
if (in_array('create', $argv ?? $_SERVER['argv'])) {
    $db = new PDO('sqlite:/job/shop.db');
    $db->exec('create table item (id integer primary key, name text unique, price real)');
    $db->beginTransaction();
    $insert = $db->prepare('insert into item (name, price) values (?, ?)');
    for ($i = 1; $i <= 200; $i++) $insert->execute(["item $i", $i * 1.25]);
    $db->commit();
    try {
        $db->beginTransaction();
        $db->exec('update item set price = -1');
        $insert->execute(['item 7', 0]);
    } catch (PDOException $error) {
        $db->rollBack();
        echo $error->getMessage(), "\n";
    }
    print_r($db->query('select count(*), min(price), max(price) from item')->fetchAll(PDO::FETCH_NUM)[0]);
} else {
    $db = new SQLite3('/job/shop.db');
    echo 'integrity: ', $db->querySingle('pragma integrity_check'), "\n";
    $db->createFunction('reversed', 'strrev');
    $rows = $db->query('select reversed(name), price from item where id > 197 order by id desc');
    while ($row = $rows->fetchArray(SQLITE3_ASSOC)) print_r($row);
    echo $db->querySingle("select group_concat(name, ' ') from item where price between 10 and 20"), "\n";
    $db->exec('delete from item where id % 2');
    $db->exec('vacuum');
    echo filesize('/job/shop.db'), ' ', $db->changes(), "\n";
}

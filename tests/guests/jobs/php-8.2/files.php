<?php
// Files and directories.
for ($i = 0; $i < 16; $i++) {
    $folder = "/job/t/d" . $i % 4 . "/e$i";
    mkdir($folder, 0777, true);
    for ($k = 0; $k < $i; $k++) file_put_contents("$folder/f$k", str_repeat("$i $k\n", $k));
}
$found = [];
foreach (new RecursiveIteratorIterator(new RecursiveDirectoryIterator('/job/t', FilesystemIterator::SKIP_DOTS)) as $file) {
    $found[] = $file->getPathname() . ' ' . $file->getSize();
}
sort($found);
echo count($found), ' ', $found[50], "\n", implode(' ', scandir('/job/t')), "\n";
$file = fopen('/job/t/grown', 'w+');
fseek($file, 70000);
fwrite($file, 'end');
rewind($file);
echo strlen(stream_get_contents($file)), ' ', ftell($file), "\n";
ftruncate($file, 10);
fclose($file);
file_put_contents('/job/t/grown', 'more', FILE_APPEND);
clearstatcache();
echo filesize('/job/t/grown'), ' ', bin2hex(file_get_contents('/job/t/grown')), "\n";
rename('/job/t/grown', '/job/t/d0/moved');
copy('/job/t/d0/moved', '/job/t/copied');
var_dump(file_exists('/job/t/grown'), is_dir('/job/t/d0'), is_file('/job/t/copied'), filetype('/job/t/d1'));
foreach (['rmdir' => ['/job/t/d2'], 'mkdir' => ['/job/t/d2'], 'unlink' => ['/job/t/none'], 'file_get_contents' => ['/job/t/none/x'],
    'file_put_contents' => ['/job/t/d2', ''], 'opendir' => ['/job/t/copied'], 'fopen' => ['/job/t/copied', 'x']] as $name => $arguments) {
    var_dump(@$name(...$arguments) !== false);
    echo error_get_last()['message'] ?? 'no error', "\n";
    error_clear_last();
}
$csv = fopen('/job/t/table.csv', 'w');
foreach ([['a', 'b "q"', "x\ny"], [1, '', ',']] as $row) fputcsv($csv, $row);
fclose($csv);
print_r(array_map('str_getcsv', explode("\n", "1,\"2 \"\"x\"\"\",3\n4,,5")));
echo file_get_contents('/job/t/table.csv');
touch('/job/t/touched', 1000000000);
clearstatcache();
echo date('Y-m-d H:i:s', filemtime('/job/t/touched')), "\n";

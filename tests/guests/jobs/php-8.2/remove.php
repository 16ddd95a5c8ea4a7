<?php
// Deletes what a listing shows while it is listed, as `rm -r` does.
mkdir('/job/wide');
for ($i = 0; $i < 300; $i++) touch("/job/wide/$i-" . str_repeat('x', $i % 50));
$folder = opendir('/job/wide');
while (($name = readdir($folder)) !== false) {
    if ($name != '.' && $name != '..') unlink("/job/wide/$name");
}
closedir($folder);
echo 'left: ', count(array_diff(scandir('/job/wide'), ['.', '..'])), "\n";
rmdir('/job/wide');

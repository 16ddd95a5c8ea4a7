<?php
// An exit code, a function that runs at the end, and stderr.
register_shutdown_function(function () {
    echo "at the end\n";
});
file_put_contents('php://stderr', "to stderr\n");
for ($i = 0; $i < 2000; $i++) echo $i, ' ', str_repeat(chr(33 + $i % 90), $i % 997), "\n";
exit(9);

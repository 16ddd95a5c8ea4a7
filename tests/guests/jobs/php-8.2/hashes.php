<?php
// Hashes, encodings, integers that overflow, floats to the last bit.
$data = '';
for ($i = 0; $i < 100000; $i++) $data .= chr(($i * $i + 7 * $i) % 251);
foreach (['md5', 'sha1', 'sha256', 'sha512', 'sha3-256', 'whirlpool', 'crc32b', 'adler32', 'fnv1a64', 'xxh3', 'murmur3a'] as $name) {
    echo str_pad($name, 10), hash($name, 'abc'), ' ', substr(hash($name, $data), 0, 32), "\n";
}
echo hash_hmac('sha256', $data, 'key'), ' ', hash_pbkdf2('sha256', 'password', 'salt', 100), "\n";
file_put_contents('/job/data', $data);
echo hash_file('sha256', '/job/data'), ' ', crc32($data), ' ', base64_encode(substr($data, 0, 24)), "\n";
var_dump(PHP_INT_MAX, PHP_INT_MAX + 1, intdiv(-7, 2), -7 % 3, 0.1 + 0.2, 1 / 3, 1e23, -0.0, round(2.5), fdiv(1, 0));
foreach ([0.1, M_PI ** 40, sin(0.7), exp(1.5), log(10), 5e-324] as $x) echo bin2hex(pack('E', $x)), ' ', var_export($x, true), "\n";
mt_srand(42);
echo mt_rand(), ' ', mt_rand(1, 100), ' ', implode(',', str_split(strrev(base_convert('deadbeef', 16, 36)))), "\n";
function fibonacci(int $n): string
{
    [$a, $b] = ['0', '1'];
    for ($i = 0; $i < $n; $i++) {
        for ($sum = '', $carry = 0, $k = 1; $k <= strlen($b); $k++) {
            $digit = $carry + (int)substr($b, -$k, 1) + ($k <= strlen($a) ? (int)substr($a, -$k, 1) : 0);
            $sum = $digit % 10 . $sum;
            $carry = intdiv($digit, 10);
        }
        [$a, $b] = [$b, ($carry ?: '') . $sum];
    }
    return $a;
}
echo fibonacci(300), "\n";

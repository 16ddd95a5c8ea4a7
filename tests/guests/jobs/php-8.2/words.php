<?php
// Counts words with a regular expression, sorts them, writes and reads JSON.
$text = file_get_contents('/job/text.txt');
preg_match_all("/\p{L}+(?:'\p{L}+)?/u", mb_strtolower($text), $matches);
$counts = array_count_values($matches[0]);
uksort($counts, fn($a, $b) => $counts[$b] <=> $counts[$a] ?: strcmp($a, $b));
echo count($matches[0]), ' words, ', count($counts), " different\n";
print_r(array_slice($counts, 0, 5));
file_put_contents('/job/words.json', json_encode($counts, JSON_PRETTY_PRINT | JSON_UNESCAPED_UNICODE));
$back = json_decode(file_get_contents('/job/words.json'), true, 512, JSON_THROW_ON_ERROR);
var_dump($back === $counts, mb_strlen($text), strlen($text), mb_substr($text, -20, 10));
echo preg_replace_callback('/\b(\w)(\w*)/', fn($m) => strtoupper($m[1]) . $m[2], strtok($text, "\n")), "\n";
print_r(preg_split('/(?<=[.!?])\s+/', $text, 3)[1]);
var_dump(json_decode('{"a": [1, 2.5, null, "\u00e9"]}'), json_decode('{"a":'), json_last_error_msg());
$numbers = array_map(fn($i) => ($i * 7919) % 10007, range(1, 3000));
sort($numbers);
echo md5(implode(',', $numbers)), ' ', serialize(array_slice($numbers, 0, 3)), "\n";
printf("%05d|%-6s|%.3f|%x|%b|%e\n", 42, 'ab', M_PI, 255, 5, 12345.678);

<?php
// A request as a web server hands it to a CGI program.
header('Content-Type: text/plain; charset=UTF-8');
header('X-Made-By: a job');
setcookie('seen', 'yes');
http_response_code(201);
print_r($_GET);
print_r($_POST);
print_r($_COOKIE);
echo $_SERVER['REQUEST_METHOD'], ' ', $_SERVER['QUERY_STRING'], ' ', php_sapi_name(), "\n";
echo htmlspecialchars('<a href="x">' . $_POST['name'] . '</a>'), ' ', http_build_query(['a' => [1, 2], 'b' => 'c d']), "\n";
ob_start();
echo 'buffered';
echo strtoupper(ob_get_clean()), "\n";

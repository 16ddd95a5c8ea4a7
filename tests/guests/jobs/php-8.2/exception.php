<?php
// An exception that nobody catches.
function descend(int $depth): void
{
    if ($depth == 0) throw new DomainException('at the bottom', 5, new LogicException('why'));
    try {
        descend($depth - 1);
    } finally {
        echo "leaving $depth\n";
    }
}
try {
    (function (int $x) {})('nonsense');
} catch (TypeError $error) {
    echo get_class($error), "\n";
}
echo $undefined ?? 'none', "\n";
echo $warned, "\n";
try {
    echo 1 % 0;
} catch (DivisionByZeroError $error) {
    echo $error->getMessage(), ' in line ', $error->getLine(), "\n";
}
descend(3);

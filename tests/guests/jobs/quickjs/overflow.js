// Calls without an end: this build of QuickJS does not see its stack end, and runs out of its memory.
print("before");
(function forever() { return forever() + 1; })();

// An exception that nobody catches, from two calls deep.
function inner() { throw new TypeError("nobody catches this"); }
function outer() { inner(); }
print("before");
outer();

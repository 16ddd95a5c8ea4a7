// Exceptions of every kind, generators, deep calls, promises in order.
class Custom extends RangeError {
  constructor(message) {
    super(message);
    this.name = "Custom";
  }
}
function* numbers() {
  try {
    yield 1;
    yield 2;
  } finally {
    print("closed");
  }
}
for (const number of numbers()) {
  print(number);
  break;
}
for (const act of [() => null.x, () => absent, () => new Array(-1), () => { throw new Custom("own"); },
  () => decodeURIComponent("%"), () => Symbol() + "", () => eval("1 +")]) {
  try {
    act();
  } catch (error) {
    print(error instanceof Error, error.name, error instanceof Custom ? error.message : "");
  }
}
function deep(n) {
  return n === 0 ? 0 : 1 + deep(n - 1);
}
print(deep(500));
Promise.reject(new Custom("later")).catch((error) => print(error.message)).finally(() => print("done"));
Promise.resolve().then(() => print("first"));
print("last of the script");

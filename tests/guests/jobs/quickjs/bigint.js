// Big integers: a factorial, Fibonacci numbers, modular powers, division by sign, conversions.
let factorial = 1n;
for (let i = 2n; i <= 200n; i++) factorial *= i;
print(factorial);
let [a, b] = [0n, 1n];
for (let i = 0; i < 2000; i++) [a, b] = [b, a + b];
print(a);
function power(base, exponent, modulus) {
  let result = 1n;
  for (base %= modulus; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % modulus;
    base = (base * base) % modulus;
  }
  return result;
}
const prime = 2n ** 127n - 1n;
print(power(3n, prime - 1n, prime), power(2n, 10n ** 30n, 10n ** 9n + 7n));
print(-7n / 2n, -7n % 2n, BigInt.asIntN(8, 255n), BigInt.asUintN(64, -1n), (2n ** 70n).toString(36), ~5n, -8n >> 1n);
print(Number(2n ** 64n), BigInt("0xffffffffffffffff"), 10n > 9, 2n == 2, typeof 1n);
try {
  print(1n / 0n);
} catch (error) {
  print(error.name);
}

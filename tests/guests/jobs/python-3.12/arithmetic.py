# Big integers, decimals, fractions, floats to the last bit.
import decimal
import fractions
import math
import statistics
import struct


def pi_digits(count):
    decimal.getcontext().prec = count + 5
    three, lasts, t, s, n, na, d, da = decimal.Decimal(3), 0, decimal.Decimal(3), decimal.Decimal(3), 1, 0, 0, 24
    while s != lasts:
        lasts = s
        n, na = n + na, na + 8
        d, da = d + da, da + 32
        t = (t * n) / d
        s += t
    return str(s)[: count + 2]


def is_prime(n):
    if n % 2 == 0:
        return n == 2
    d, r = n - 1, 0
    while d % 2 == 0:
        d, r = d // 2, r + 1
    for a in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        x = pow(a, d, n)
        if x in (1, n - 1) or n == a:
            continue
        for _ in range(r - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


print("pi", pi_digits(300))
print("2000!", len(str(math.factorial(1500))), math.factorial(1500) % (10**9 + 7))
print("fib", (lambda a, b: [(a := a + b, b := a - b) for _ in range(2000)] and a)(0, 1) % 10**50)
print("primes", [p for p in (2**31 - 1, 2**61 - 1, 2**89 - 1, 2**107 - 1, 2**127 - 1, 2**127 + 1) if is_prime(p)])
print("isqrt", math.isqrt(2 * 10**200))
print("gcd", math.gcd(3**300 * 7**20, 21**50), "inverse", pow(12345, -1, 10**20 + 39))
print("harmonic", sum((fractions.Fraction(1, n) for n in range(1, 60)), fractions.Fraction()))
print("decimal", decimal.Decimal(2).sqrt(), (decimal.Decimal("1.1") ** 50).quantize(decimal.Decimal("1e-30")))
for value in (0.1, 1 / 3, 1e308 * 10, -0.0, 5e-324, math.pi**40, 2.0**-1074, 1e23, 123456789.123456789):
    print(repr(value), value.hex(), struct.pack(">d", value).hex(), f"{value:.17g}", f"{value:e}")
print([f"{f(0.7):.15g}" for f in (math.sin, math.cos, math.tan, math.exp, math.log, math.gamma, math.erf, math.atanh)])
print("fsum", math.fsum([0.1] * 10), sum([0.1] * 10), statistics.pstdev([1.5, 2.5, 4.75, 9.0]))
x, total = 0.5, 0.0
for _ in range(20000):
    x = 3.9 * x * (1 - x)
    total += x
print("logistic", x.hex(), total.hex())

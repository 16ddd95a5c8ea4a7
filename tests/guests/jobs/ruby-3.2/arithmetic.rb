# Big integers, rationals, decimals, floats to the last bit, digests.
require "bigdecimal"
require "bigdecimal/math"
require "digest"

p 3**500 % (10**30), (1..400).inject(:*).to_s.size
a, b = 0, 1
3000.times { a, b = b, a + b }
p a % 10**40, a.bit_length, Integer.sqrt(2 * 10**120)
p 12345.pow(10**18, 10**20 + 39), (3**200).gcd(21**50), (2**127 - 1).digits(1000).first(4)
p (1..40).sum { |n| Rational(1, n) }, Complex(1, 2)**10, BigMath.PI(60).round(60).to_s
p [0.1, 1.0 / 3, 5e-324, 1e23, -0.0, Math::PI**40, 123456789.123456789, 0.1 + 0.2]
p [Math.sin(0.7), Math.exp(1.5), Math.gamma(4.3), Math.cbrt(17), Math.atan2(1, 3)].map { |x| [x].pack("G").unpack1("H*") }
p 1234.5678.round(2), 25.digits, 255.to_s(2), "zz".to_i(36), 10.0.divmod(3), -7 / 2, -7 % 3, 7.fdiv(2)
sieve = Array.new(60_000, true)
(2..245).each { |i| (i * i).step(59_999, i) { |k| sieve[k] = false } if sieve[i] }
p (2...60_000).count { |i| sieve[i] }
data = (0...60_000).map { |i| (i * i + 7 * i) % 251 }.pack("C*")
[Digest::MD5, Digest::SHA1, Digest::SHA256, Digest::SHA512].each { |digest| puts digest.hexdigest(data) }
p Random.new(42).rand(1000), [1, 2, 3, 4, 5].shuffle(random: Random.new(3))
x = 0.5
5000.times { x = 3.9 * x * (1 - x) }
p [x].pack("G").unpack1("H*")

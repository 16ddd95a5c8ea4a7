# Pieces of the standard library.
require "csv"
require "date"
require "erb"
require "forwardable"
require "optparse"
require "set"
require "stringio"
require "strscan"
require "tsort"

p CSV.parse(%(a,"b ""q""",c\n1,,"x\ny"\n)), CSV.generate_line(["a b", 'c"d', nil])
p Date.new(2024, 2, 28) + 2, Date.parse("2021-03-04").cwday, (Date.new(2020, 1, 1)..Date.new(2020, 3, 1)).count
puts ERB.new("<% 3.times do |i| %><%= i * i %>,<% end %>").result
p Set[3, 1, 2] & Set[2, 3, 9], Set[1].subset?(Set[1, 2])
scanner, tokens = StringScanner.new("x = 3 + foo*(2 - y1)"), []
until scanner.eos?
  scanner.skip(/\s+/)
  tokens << (scanner.scan(/\d+/) || scanner.scan(/\w+/) || scanner.getch)
end
p tokens
class Graph
  include TSort
  def initialize(edges) = @edges = edges
  def tsort_each_node(&block) = @edges.each_key(&block)
  def tsort_each_child(node, &block) = @edges.fetch(node).each(&block)
end
p Graph.new({ 1 => [2, 3], 2 => [4], 3 => [4], 4 => [] }).tsort
options = {}
OptionParser.new { |o| o.on("-n", "--number N", Integer) { |n| options[:n] = n } }.parse!(%w[-n 12 rest])
p options
Point = Struct.new(:x, :y) { def +(other) = Point.new(x + other.x, y + other.y) }
p Point.new(1, 2) + Point.new(3, 4), Marshal.load(Marshal.dump([Point.new(1, 2), { a: 1.5 }]))
case { name: "clerk", books: [1, [2, 3]] }
in { name: String => name, books: [Integer, [*, last]] }
  p name, last
end
p "Später".unicode_normalize(:nfd).size, "ÀÉ".downcase, "straße".upcase, "日本語".encode("EUC-JP").bytes
p "%08.3f|%-6s|%+d|%x|%e" % [3.14159, "ab", 5, 255, 12345.678], [3, 1, 2].sort.bsearch { |x| x >= 2 }
p ObjectSpace.respond_to?(:garbage_collect), GC.start, (1..8).each_slice(3).to_a, %w[a b].product([1, 2])
20_000.times { |i| "garbage #{i}" * 3 }
p Comparable.instance_method(:clamp).owner, 15.clamp(1, 10), __method__.inspect, defined?(foo)

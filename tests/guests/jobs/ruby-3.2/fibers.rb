# Fibers and enumerators: stacks that are switched.
fibonacci = Enumerator.new do |out|
  a, b = 0, 1
  loop { out << a; a, b = b, a + b }
end
p fibonacci.lazy.select(&:even?).first(10)
numbers = [1, 2, 3].each
p numbers.next, numbers.peek, numbers.next, numbers.next
begin
  numbers.next
rescue StopIteration
  puts "end"
end
fiber = Fiber.new do |x|
  3.times { x = Fiber.yield(x * 2) }
  :done
end
p 4.times.map { |i| fiber.resume(i + 1) }
fibers = 50.times.map { |i| Fiber.new { 5.times { |k| Fiber.yield(i * k) }; nil } }
total = 0
until fibers.empty?
  fibers.select! { |f| (value = f.resume) && (total += value) }
end
p total
def tree(depth, &block) = depth.zero? ? block.call(depth) : 2.times { tree(depth - 1, &block) }
p enum_for(:tree, 8).next

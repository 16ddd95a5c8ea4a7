# An exception that nobody catches: the message and the backtrace go to stderr.
class Broken < StandardError; end

def descend(depth)
  raise Broken, "at the bottom" if depth.zero?
  descend(depth - 1)
ensure
  puts "leaving #{depth}"
end

def retried
  tries = 0
  begin
    tries += 1
    raise IOError, "try #{tries}" if tries < 3
    puts "worked after #{tries}"
  rescue IOError => error
    puts error.message
    retry
  end
end

p catch(:found) { 10.times { |i| throw :found, i if i * i > 30 } }
retried
begin
  Integer("nonsense")
rescue ArgumentError => error
  puts error.message
end
descend(4)

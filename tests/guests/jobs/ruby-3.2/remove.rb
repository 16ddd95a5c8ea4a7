# Deletes what a listing shows while it is listed, as `rm -r` does.
Dir.mkdir("/job/wide")
300.times { |i| File.write("/job/wide/#{i}-#{"x" * (i % 50)}", "") }
Dir.each_child("/job/wide") { |name| File.unlink("/job/wide/#{name}") }
puts "left: #{Dir.children("/job/wide").size}"
Dir.rmdir("/job/wide")

# Files and directories.
require "fileutils"
require "find"
require "pathname"

Dir.mkdir("/job/t")
20.times do |i|
  folder = "/job/t/d#{i % 4}/e#{i}"
  FileUtils.mkdir_p(folder)
  i.times { |k| File.write("#{folder}/f#{k}", "#{i} #{k}\n" * k) }
end
p Dir.glob("/job/t/**/f1*").sort.first(4), Dir.children("/job/t").sort, Dir.entries("/job/t").sort
p Find.find("/job/t").count, Pathname("/job/t/d1").children.map(&:to_s).sort
File.open("/job/t/grown", "wb") { |f| f.seek(70_000); f.write("end") }
p File.size("/job/t/grown"), File.binread("/job/t/grown").delete("\0")
File.open("/job/t/grown", "ab") { |f| f.write("more") }
File.open("/job/t/grown", "r+b") { |f| f.seek(-4, IO::SEEK_END); p f.read; f.truncate(10); f.rewind; p f.read.size }
File.symlink("grown", "/job/t/link")
p File.readlink("/job/t/link"), File.symlink?("/job/t/link"), File.size("/job/t/link"), File.lstat("/job/t/link").ftype
File.link("/job/t/grown", "/job/t/hard")
p File.stat("/job/t/hard").nlink
File.rename("/job/t/hard", "/job/t/d0/moved")
FileUtils.cp_r("/job/t/d3", "/job/t/copy")
FileUtils.mv("/job/t/copy/e3", "/job/t/e3")
p Dir.glob("/job/t/{copy,e3}/*").sort
FileUtils.rm_r("/job/t/copy")
[
  -> { Dir.rmdir("/job/t/d2") },
  -> { Dir.mkdir("/job/t/d2") },
  -> { File.read("/job/t/none/x") },
  -> { File.read("/job/t/grown/x") },
  -> { File.write("/job/t/d2", "") },
  -> { File.open("/job/t/grown", File::WRONLY | File::CREAT | File::EXCL) },
  -> { File.rename("/job/t/d2", "/job/t/d2/in") },
].each do |action|
  action.call
  puts "done"
rescue SystemCallError => error
  puts "#{error.class} #{error.errno}"
end
p Dir.children("/job/t").sort

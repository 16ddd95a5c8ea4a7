# Counts words with a regular expression, sorts them, writes and reads JSON.
require "json"

text = File.read(ARGV[0], encoding: "UTF-8")
words = text.downcase.scan(/[[:alpha:]]+(?:'[[:alpha:]]+)?/)
counts = words.tally
puts "words: #{words.size} different: #{counts.size}"
p counts.sort_by { |word, count| [-count, word] }.first(5)
p counts.keys.sort_by { |word| [-word.size, word] }.first(5)
File.write("/job/words.json", JSON.pretty_generate(counts.sort.to_h))
back = JSON.parse(File.read("/job/words.json"))
p back == counts, back.keys.last
p text.split(/(?<=[.!?])\s+/).map(&:size).max
puts text.lines.first.gsub(/\b(\w)(\w*)/) { $1.upcase + $2 }
p JSON.parse('[1, 2.5, {"a": [null, true, "\u00e9\ud83d\ude00"]}]'), { "x" => 1e300, "y" => [nil] }.to_json
begin
  JSON.parse('{"a": ')
rescue JSON::ParserError => error
  puts error.class
end

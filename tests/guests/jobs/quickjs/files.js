// Reads a file through std line by line and whole, counts its words, writes a result and reads it again.
import * as std from "std";
const file = std.open("/job/words.txt", "r");
const counts = new Map();
let lines = 0;
for (let line = file.getline(); line !== null; line = file.getline()) {
  lines++;
  for (const word of line.toLowerCase().match(/\p{L}+/gu) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1);
}
print(lines, file.eof(), file.tell());
file.seek(4, std.SEEK_SET);
print(JSON.stringify(file.readAsString(12)));
file.close();
const sorted = [...counts].sort((x, y) => y[1] - x[1] || (x[0] < y[0] ? -1 : 1));
const out = std.open("/job/counts.txt", "w");
for (const [word, count] of sorted) out.printf("%-10s %3d\n", word, count);
out.close();
const again = std.open("/job/counts.txt", "a");
again.puts("end\n");
again.close();
print(std.loadFile("/job/counts.txt"));
const failure = {};
print(std.open("/job/absent.txt", "r", failure), std.strerror(failure.errno));
print(std.open("/outside.txt", "w", failure), failure.errno > 0);
print(std.getenv("LC_ALL"), std.getenv("HOME"));
print(std.sprintf("%08.3f|%x|%5s|%d", Math.PI, 255, "ab", -42));

// JSON both ways with a reviver and indentation; regular expressions with named groups, lookbehind, Unicode and replacers.
const text = '{"b":[1,2.5,-3e10,true,null],"a":{"ü":"\\u20ac \\ud83d\\ude00","nested":{"deep":[[[]]]}},"n":12345678901234567890}';
const value = JSON.parse(text, (key, item) => (key === "b" ? item.map((part) => part ?? "none") : item));
print(JSON.stringify(value, null, 2));
print(JSON.stringify(value, ["a", "b"]));
try {
  JSON.parse('{"a":1,}');
} catch (error) {
  print(error.name);
}
const log = "2026-02-03 12:00:01 GET /index.html 200\n2026-02-03 12:00:02 POST /form 302\n2026-02-04 00:00:00 GET /ä 404\n";
const line = /^(?<date>\d{4}-\d\d-\d\d) (?<time>\S+) (?<verb>[A-Z]+) (?<path>\S+) (?<code>\d{3})$/gmu;
for (const match of log.matchAll(line)) {
  print(match.index, JSON.stringify(match.groups));
}
print("price: 12 EUR, 7 USD".replace(/(?<=: |, )(\d+) (\w+)/g, (all, amount, unit) => `${unit}${amount * 2}`));
print("aaa".match(/a*?/)[0].length, /\p{Script=Greek}+/u.exec("abc αβγ")[0], "a-b_c".split(/[-_]/).join("|"));
print("x".padStart(5, "ab"), "ǅ".toLowerCase(), "\u0041\u030a".normalize("NFC").length, [..."😀é"].length);

const words = require("./words.cjs");
export function describe(count) {
  return `${words[count] ?? "many"} shapes – “quoted” and ünïcode ${"\u{1F600}"}`;
}

// Sorts 20,000 numbers of a generator of its own, by number and by text, and checks the order.
let seed = 12345;
function next() {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  return seed >>> 8;
}
const numbers = Array.from({ length: 20000 }, next);
const ascending = [...numbers].sort((a, b) => a - b);
const asText = [...numbers].sort();
const objects = numbers.slice(0, 1000).map((value, index) => ({ key: value % 10, index }));
objects.sort((a, b) => a.key - b.key);
const isSorted = ascending.every((value, i) => i === 0 || ascending[i - 1] <= value);
const isStable = objects.every(
  (item, i) => i === 0 || objects[i - 1].key < item.key || objects[i - 1].index < item.index);
print(ascending.slice(0, 5).join(" "), ascending.slice(-5).join(" "));
print(asText.slice(0, 5).join(" "));
print(isSorted, isStable, new Set(numbers).size);
print(Math.sqrt(2), Math.sin(1), 0.1 + 0.2, (1 / 3).toFixed(20), 1e21, -0 === 0, [NaN, 1].includes(NaN));

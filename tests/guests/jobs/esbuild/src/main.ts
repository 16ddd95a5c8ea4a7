import { area, type Shape } from "./shapes";
import { describe } from "./describe.js";
import data from "./data.json";
import text from "./note.txt";

enum Colour { Red = 1, Green = Red << 1, Blue }
const unused = (): number => 12345;

class Report<T extends Shape> {
  #shapes: T[] = [];
  static readonly title = `report ${text.trim()}`;
  add(shape: T): this {
    this.#shapes.push(shape);
    return this;
  }
  get total(): number {
    return this.#shapes.reduce((sum, shape) => sum + area(shape), 0);
  }
}

const report = new Report<Shape>();
for (const shape of data.shapes as Shape[]) {
  report.add(shape);
}
console.log(Report.title, Colour.Blue, report.total?.toFixed(2) ?? "none");
console.log(describe(data.shapes.length));
if (process.env.NODE_ENV === "production") {
  console.log("production");
} else {
  console.log("development", unused());
}
export const lazy = () => import("./lazy.js");

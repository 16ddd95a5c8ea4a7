import { circle } from "./circle";

export interface Square { kind: "square"; side: number }
export interface Circle { kind: "circle"; radius: number }
export type Shape = Square | Circle;

export function area(shape: Shape): number {
  switch (shape.kind) {
    case "square":
      return shape.side ** 2;
    case "circle":
      return circle(shape.radius);
  }
}

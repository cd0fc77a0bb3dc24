import { expect, it } from "vitest";
import { parentOf } from "./keys";

it.each([
  [0, 0],
  [1, 0],
  [2, 1],
  [3, 1],
  [4, 0],
  [5, 5],
])("finds the parent of row %s", (at, parent) => {
  expect(parentOf([1, 2, 3, 3, 2, 1], at)).toBe(parent);
});

import { expect, test } from "vitest";
import { halfAround } from "./keys";

test.each([
  [50, 25, 75],
  [100, 50, 100],
  [3, 0, 50],
])("half of 0 to 100 around %i is %i to %i", (at, startMs, endMs) => {
  expect(halfAround({ startMs: 0, endMs: 100 }, at)).toEqual({ startMs, endMs });
});

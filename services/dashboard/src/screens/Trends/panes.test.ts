import { expect, test } from "vitest";
import { panesOf } from "./panes";

const curve = (id: number, unit: string | null) => ({ id, index: id, unit });

test("signals of one unit share a pane, in the order of their first", () => {
  const { panes, rest } = panesOf([curve(1, "bar"), curve(2, null), curve(3, "bar")]);
  expect(panes.map(({ unit, curves }) => [unit, curves.map(({ id }) => id)])).toEqual([
    ["bar", [1, 3]],
    [null, [2]],
  ]);
  expect(rest).toEqual([]);
});

test("a fifth unit has no pane; a later signal of an earlier unit has its own", () => {
  const units = ["a", "b", "c", "d", "e", "a"].map((unit, n) => curve(n, unit));
  const { panes, rest } = panesOf(units);
  expect(panes.map(({ curves }) => curves.length)).toEqual([2, 1, 1, 1]);
  expect(rest.map(({ unit }) => unit)).toEqual(["e"]);
});

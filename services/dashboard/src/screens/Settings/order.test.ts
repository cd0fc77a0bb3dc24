import { expect, test } from "vitest";
import { movedOrder } from "./order";

const reason = (code: string, parent: string | null = null) => ({ code, plant: null, parent });
const ALL = [reason("a"), reason("a1", "a"), reason("b"), reason("c")];

test("a reason goes before its sibling: all siblings in one order, so that none is lost halfway", () => {
  expect(movedOrder(ALL, reason("c"), -1)).toEqual({
    codes: ["a", "c", "b"],
    former: ["a", "b", "c"],
  });
});

test("the first cannot go up, the last not down", () => {
  expect(movedOrder(ALL, reason("a"), -1)).toBeUndefined();
  expect(movedOrder(ALL, reason("c"), 1)).toBeUndefined();
  expect(movedOrder(ALL, reason("a1", "a"), 1)).toBeUndefined();
});

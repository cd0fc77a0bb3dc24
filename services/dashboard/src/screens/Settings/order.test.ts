import { expect, test } from "vitest";
import { movedPositions } from "./order";

const reason = (code: string, position: number, parent: string | null = null) => ({
  code,
  plant: null,
  parent,
  position,
});
const ALL = [reason("a", 10), reason("a1", 5, "a"), reason("b", 20), reason("c", 30)];

test("a reason goes before its sibling, and no other changes", () => {
  expect(movedPositions(ALL, reason("c", 30), -1)).toEqual([
    { code: "c", position: 20 },
    { code: "b", position: 30 },
  ]);
});

test("siblings at the same position get one each", () => {
  const same = [reason("a", 0), reason("b", 0)];
  expect(movedPositions(same, reason("a", 0), 1)).toEqual([
    { code: "b", position: 10 },
    { code: "a", position: 20 },
  ]);
});

test("the first cannot go up, the last not down", () => {
  expect(movedPositions(ALL, reason("a", 10), -1)).toEqual([]);
  expect(movedPositions(ALL, reason("c", 30), 1)).toEqual([]);
  expect(movedPositions(ALL, reason("a1", 5, "a"), 1)).toEqual([]);
});

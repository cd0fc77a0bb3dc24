import { expect, test } from "vitest";
import { changesOf } from "./changes";

test("only what differs is shown, each with before and after", () => {
  expect(
    changesOf(
      { name: "a", role: "viewer", plants: null },
      { name: "a", role: "admin", plants: [] },
    ),
  ).toEqual([
    { field: "plants", before: undefined, after: "[]" },
    { field: "role", before: "viewer", after: "admin" },
  ]);
});

test("something new has no before, something gone no after", () => {
  expect(changesOf(null, { name: "a" })).toEqual([
    { field: "name", before: undefined, after: "a" },
  ]);
  expect(changesOf({ name: "a" }, null)).toEqual([
    { field: "name", before: "a", after: undefined },
  ]);
  expect(changesOf(null, null)).toEqual([]);
});

import { expect, it } from "vitest";
import { errorOf, fieldOf, otherErrors } from "./errors";

const ERRORS = [
  { pointer: "/body/name", detail: "is too long." },
  { pointer: "/body/shifts/0/start", detail: "is no time." },
  { pointer: "/body/shifts/1/end", detail: "is before the start." },
  { pointer: "/query/limit", detail: "is too large." },
];

it.each([
  ["/body/name", "name"],
  ["/body", ""],
  ["/body/items/0/name", "items/0/name"],
  ["name", "name"],
])("reads the pointer %s as %s", (pointer, field) => {
  expect(fieldOf(pointer)).toBe(field);
});

it.each([
  ["name", "is too long."],
  ["/body/name", "is too long."],
  ["shifts", "is no time. is before the start."],
  ["shifts/1/end", "is before the start."],
  ["nam", undefined],
  ["shift", undefined],
])("finds what is wrong with %s", (pointer, text) => {
  expect(errorOf(ERRORS, pointer)).toBe(text);
});

it("leaves what no field shows", () => {
  expect(otherErrors(ERRORS, ["name", "shifts"]).map(({ pointer }) => pointer)).toEqual([
    "/query/limit",
  ]);
});

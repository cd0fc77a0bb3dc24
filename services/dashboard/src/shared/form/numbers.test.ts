import { expect, it } from "vitest";
import { numberOf } from "./numbers";

it.each([
  ["1234.5", "en", 1234.5],
  ["1,234.5", "en", 1234.5],
  ["1234,5", "de", 1234.5],
  ["1.234,5", "de", 1234.5],
  ["1.5", "de", null],
  ["1,5", "en", null],
  ["-3", "en", -3],
  ["−3", "de", -3],
  [",5", "de", 0.5],
  ["1,", "de", 1],
  ["", "de", null],
  ["-", "en", null],
  ["3 pieces", "en", null],
] as const)("reads %s in %s as %s", (text, language, value) => {
  expect(numberOf(text, language)).toBe(value);
});

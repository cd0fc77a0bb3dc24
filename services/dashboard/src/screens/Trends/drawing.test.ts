import { expect, test } from "vitest";
import type { Columns } from "./columns";
import { structureOf } from "./drawing";

const columns = (values: number[], isStepped: boolean): Columns => ({
  x: values,
  line: values,
  min: values,
  max: values,
  bad: values,
  isStepped,
});

test("a chart stays when new samples come, and is a new one for other lines or windows", () => {
  const before = structureOf([{ number: 1, columns: columns([1, 2], true) }]);
  expect(structureOf([{ number: 1, columns: columns([1, 2, 3], true) }])).toBe(before);
  expect(structureOf([{ number: 2, columns: columns([1, 2], true) }])).not.toBe(before);
  expect(structureOf([{ number: 1, columns: columns([1, 2], false) }])).not.toBe(before);
});

import { expect, test } from "vitest";
import { stillOpen } from "./useZoom";

const period = (start: string) => ({ start, end: undefined });
const DAY = period("-24h");
const HOURS = period("2026-11-30T06:00:00Z");
const MINUTES = period("2026-11-30T06:30:00Z");
const ZOOMS = [
  { from: DAY, to: HOURS },
  { from: HOURS, to: MINUTES },
];

test("zooms are left one after the other, also after the browser went back", () => {
  expect(stillOpen(ZOOMS, MINUTES)).toEqual(ZOOMS);
  expect(stillOpen(ZOOMS, HOURS)).toEqual(ZOOMS.slice(0, 1));
});

test("a period that was chosen otherwise does not lead back to an old one", () => {
  expect(stillOpen(ZOOMS, period("-7d"))).toEqual([]);
});

import { expect, it } from "vitest";
import type { HourValue } from "../../api/kpis";
import { bandOf, hoursOf } from "./hours";

function hour(equipment: string, start: string, value: number | null): HourValue {
  return {
    equipment,
    start,
    end: start,
    value,
    reason: null,
    reason_code: null,
    provisional: false,
  };
}

it("has each hour once, in order, also where the clock goes back", () => {
  const table = hoursOf([
    hour("a", "2026-10-25T02:00:00+01:00", 0.2),
    hour("a", "2026-10-25T02:00:00+02:00", 0.1),
    hour("b", "2026-10-25T02:00:00+01:00", 0.3),
  ]);
  expect(table.starts).toEqual(["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]);
  expect(table.starts.map((start) => table.valueOf("a", start)?.value)).toEqual([0.1, 0.2]);
  expect(table.valueOf("b", "2026-10-25T02:00:00+02:00")).toBeUndefined();
});

it("finds an hour by its instant, in whatever zone it is written", () => {
  const table = hoursOf([hour("a", "2026-11-30T07:00:00+01:00", 0.7)]);
  expect(table.valueOf("a", "2026-11-30T06:00:00Z")?.value).toBe(0.7);
});

it.each([
  [0, "b0"],
  [0.3999, "b0"],
  [0.4, "b1"],
  [0.55, "b2"],
  [0.7, "b3"],
  [0.8499, "b3"],
  [0.85, "b4"],
  [1.2, "b4"],
])("puts %s into the band %s", (oee, band) => {
  expect(bandOf(oee)).toBe(band);
});

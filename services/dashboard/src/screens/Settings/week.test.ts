import { expect, test } from "vitest";
import { mondayOf, plannedHours, weekOf } from "./week";

const ZONE = "Europe/Berlin";
const shift = (name: string, start: string, end: string, breaks: [string, string][] = []) => ({
  name,
  start,
  end,
  breaks: breaks.map(([from, to]) => ({ start: from, end: to })),
});

test("a night shift is on two days", () => {
  const rows = weekOf(
    [shift("night", "2026-12-01T22:00:00+01:00", "2026-12-02T06:00:00+01:00")],
    "2026-11-30",
    ZONE,
  );
  expect(rows.map((row) => row.shifts.length)).toEqual([0, 1, 1, 0, 0, 0, 0]);
  expect(rows[1]?.shifts[0]).toMatchObject({ from: 22 / 24, length: 2 / 24 });
  expect(rows[2]?.shifts[0]).toMatchObject({ from: 0, length: 6 / 24 });
  expect(plannedHours(rows)).toBeCloseTo(8, 9);
});

test("a night shift that began on the Sunday before is in the week", () => {
  const [monday] = weekOf(
    [shift("night", "2026-11-29T22:00:00+01:00", "2026-11-30T06:00:00+01:00")],
    "2026-11-30",
    ZONE,
  );
  expect(monday?.shifts[0]).toMatchObject({ from: 0, length: 6 / 24 });
});

test("the day of a clock change has 23 or 25 hours, and its shift as long as it is", () => {
  const spring = weekOf(
    [shift("night", "2026-03-28T22:00:00+01:00", "2026-03-29T06:00:00+02:00")],
    "2026-03-23",
    ZONE,
  );
  expect(spring[6]).toMatchObject({ day: "2026-03-29", hours: 23 });
  expect(spring[6]?.shifts[0]?.length).toBeCloseTo(5 / 23, 9);
  expect(plannedHours(spring)).toBeCloseTo(7, 9);
  const autumn = weekOf(
    [shift("night", "2026-10-24T22:00:00+02:00", "2026-10-25T06:00:00+01:00")],
    "2026-10-19",
    ZONE,
  );
  expect(autumn[6]).toMatchObject({ day: "2026-10-25", hours: 25 });
  expect(plannedHours(autumn)).toBeCloseTo(9, 9);
});

test("breaks are no planned time", () => {
  const rows = weekOf(
    [
      shift("early", "2026-11-30T06:00:00+01:00", "2026-11-30T14:00:00+01:00", [
        ["2026-11-30T09:00:00+01:00", "2026-11-30T09:30:00+01:00"],
      ]),
    ],
    "2026-11-30",
    ZONE,
  );
  expect(rows[0]?.breaks).toHaveLength(1);
  expect(plannedHours(rows)).toBeCloseTo(7.5, 9);
});

test("a week begins on Monday", () => {
  expect(mondayOf("2026-11-30")).toBe("2026-11-30");
  expect(mondayOf("2026-12-06")).toBe("2026-11-30");
});

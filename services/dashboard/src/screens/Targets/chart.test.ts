import { expect, test } from "vitest";
import { MARGIN, pictureOf } from "./chart";

const BASELINE = {
  start: "2025-01-01T00:00:00+01:00",
  end: "2025-02-01T00:00:00+01:00",
  productivity: 30,
  unit: "min/h",
  output: 1,
  input: 1,
  judged_share: 1,
  machines: 1,
  frozen_at: "2025-02-01T00:00:00+01:00",
  standards: 1,
  standards_frozen_at: null,
};
const month = (end: string, change: number | null, path_change: number) => ({
  start: end,
  end: `${end}T00:00:00+01:00`,
  change,
  path_change,
});
const TARGET = {
  goal: 0.3,
  due_on: "2026-02-01",
  path: "linear" as const,
  steps: [],
  baseline: BASELINE,
  forecast: null,
  now_end: "2025-06-01T00:00:00+02:00",
  change: 0.1,
  series: [
    month("2025-03-01", 0.02, 0.02),
    month("2025-04-01", null, 0.05),
    month("2025-05-01", 0.06, 0.07),
    month("2025-06-01", 0.1, 0.1),
  ],
};
const WIDTH = 600 + MARGIN.left + MARGIN.right;

test("a month without a value is a gap in the line", () => {
  const { runs, points } = pictureOf(TARGET, WIDTH, 240);
  expect(runs.map((run) => run.length)).toEqual([1, 2]);
  expect(points.map((point) => point.index)).toEqual([0, 2, 3]);
});

test("the path begins at the end of the baseline and ends at the goal when it is due", () => {
  const { path, goalY, due, zeroY } = pictureOf(TARGET, WIDTH, 240);
  expect(path.at(0)).toEqual({ x: MARGIN.left, y: zeroY });
  expect(path.at(-1)).toEqual({ x: WIDTH - MARGIN.right, y: goalY });
  expect(due).toEqual(path.at(-1));
});

test("steps stand until the next one is due", () => {
  const steps = [{ due_on: "2025-08-01", change: 0.1 }];
  const { path } = pictureOf({ ...TARGET, path: "steps", steps }, WIDTH, 240);
  expect(path).toHaveLength(5);
  expect(path[1]?.x).toBe(path[2]?.x);
  expect(path[2]?.y).toBe(path[3]?.y);
});

test("marks are firsts of months, days where the chart is of few weeks, and as many as fit", () => {
  const { days, shares } = pictureOf(TARGET, WIDTH, 240);
  expect(days.map(({ day }) => day)).toEqual([
    "2025-03-01",
    "2025-05-01",
    "2025-07-01",
    "2025-09-01",
    "2025-11-01",
    "2026-01-01",
  ]);
  expect(shares.map(({ share }) => Math.round(share * 100))).toEqual([0, 10, 20, 30]);
  const short = pictureOf({ ...TARGET, due_on: "2025-02-05", now_end: "2025-02-03" }, WIDTH, 240);
  expect(short.days.map(({ day }) => day)).toEqual([
    "2025-02-01",
    "2025-02-02",
    "2025-02-03",
    "2025-02-04",
    "2025-02-05",
  ]);
});

test("the band of a forecast is part of the picture", () => {
  const forecast = {
    method: "",
    on: "2026-06-01",
    change: 0.3,
    low: 0.1,
    high: 0.6,
    reached_on: null,
    points: 4,
  };
  const picture = pictureOf({ ...TARGET, forecast }, WIDTH, 240);
  expect(picture.forecast?.at.x).toBe(WIDTH - MARGIN.right);
  expect(picture.forecast?.highY).toBeGreaterThan(MARGIN.top);
  expect(picture.due.x).toBeLessThan(WIDTH - MARGIN.right);
});

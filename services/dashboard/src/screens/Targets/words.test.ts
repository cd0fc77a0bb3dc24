import { expect, test } from "vitest";
import { dueWordsOf, forecastWordsOf } from "./words";

const BASE = {
  due_on: "2025-12-31",
  goal: 0.333,
  change: 0.21,
  change_at_due: 0.21,
  first_met_on: null,
  path_change: 0.3,
};
const FORECAST = { method: "", on: "2027-01-31", low: 0.1, high: 0.3, points: 6 };

test("a missed target names by how much it was missed when it was due", () => {
  expect(dueWordsOf({ ...BASE, state: "missed" })).toEqual({
    key: "missed",
    byRatio: 0.333 - 0.21,
  });
  expect(dueWordsOf({ ...BASE, state: "missed", change_at_due: null })).toEqual({
    key: "missed",
    byRatio: undefined,
  });
});

test("a target that is still due is compared with its path", () => {
  const due = { ...BASE, change_at_due: null };
  expect(dueWordsOf({ ...due, state: "behind" })).toEqual({ key: "behind", byRatio: 0.3 - 0.21 });
  expect(dueWordsOf({ ...due, state: "on_path" }).key).toBe("onPath");
  expect(dueWordsOf({ ...due, state: "met" }).key).toBe("met");
  expect(dueWordsOf({ ...BASE, state: "met" }).key).toBe("metAtDue");
  expect(dueWordsOf({ ...due, state: "unknown", change: null }).key).toBe("unknown");
});

test("a forecast reaches the goal, reaches it later, never, or there is none with its reason", () => {
  const of = (change: number, reached_on: string | null) =>
    forecastWordsOf({
      goal: 0.333,
      forecast_reason: null,
      forecast: { ...FORECAST, change, reached_on },
    });
  expect(of(0.34, "2026-12-01")).toEqual({ key: "reaches" });
  expect(of(0.25, "2027-08-01")).toEqual({ key: "later", on: "2027-08-01" });
  expect(of(0.1, null)).toEqual({ key: "never" });
  expect(forecastWordsOf({ goal: 0.333, forecast: null, forecast_reason: "too little" })).toEqual({
    key: "none",
    reason: "too little",
  });
});

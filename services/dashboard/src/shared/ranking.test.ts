import { expect, it } from "vitest";
import type { OverviewItem } from "../api/overview";
import { byNeed, lostSeconds } from "./ranking";

function item(name: string, times: Record<string, number>): OverviewItem {
  const week = {
    start: "",
    end: "",
    oee: null,
    availability: null,
    effectiveness: null,
    quality_ratio: null,
    coverage: null,
    judged_share: null,
    good: null,
    planned_quantity: null,
    provisional: false,
    times_s: times,
  };
  return {
    equipment: name,
    name,
    level: "line",
    time_zone: "UTC",
    shift: null,
    now: null,
    week,
    week_before_oee: null,
    spark: [],
    computed_at: null,
    open_stops: 0,
    worst_stop: null,
    silent_connectors: [],
    targets: [],
  };
}

it("counts what was lost, not what was planned, produced or unknown", () => {
  const times = {
    production: 100,
    off_shift: 50,
    planned_down: 20,
    unknown: 10,
    malfunction: 7,
    speed: 3,
  };
  expect(lostSeconds(item("a", times))).toBe(10);
});

it("orders by the greatest loss, then by name", () => {
  const items = [item("b", { idle: 5 }), item("c", { idle: 9 }), item("a", { idle: 5 })];
  expect(items.toSorted(byNeed).map(({ name }) => name)).toEqual(["c", "a", "b"]);
});

it("does not compare a shift with a week: what runs now comes first", () => {
  const resting = item("a", { idle: 9000 });
  const running = { ...resting, name: "b", now: { ...resting.week, times_s: { idle: 5 } } };
  expect([resting, running].toSorted(byNeed).map(({ name }) => name)).toEqual(["b", "a"]);
});

import { describe, expect, it } from "vitest";
import { actualOf, breaksOf, paceOf, valueAt } from "./worm";

const at = (clock: string) => `2026-11-30T${clock}:00Z`;
const ms = (clock: string) => Date.parse(at(clock));

describe("the worm", () => {
  it("adds up good parts, up to now, and leaves out what is not known", () => {
    const steps = [
      { start: at("06:00"), end: at("06:15"), good: null },
      { start: at("06:15"), end: at("06:30"), good: 10 },
      { start: at("06:30"), end: at("06:45"), good: 5 },
      { start: at("06:45"), end: at("07:00"), good: 0 },
    ];
    expect(actualOf(steps, ms("06:40"))).toEqual([
      { atMs: ms("06:15"), value: 0 },
      { atMs: ms("06:30"), value: 10 },
      { atMs: ms("06:40"), value: 15 },
    ]);
    expect(actualOf([], 0)).toEqual([]);
  });

  it("is flat in breaks", () => {
    const orders = [{ start: at("06:00"), end: at("08:00"), planned_run_s_per_item: 60 }];
    const breaks = [{ start: at("07:00"), end: at("07:30") }];
    const pace = paceOf(orders, breaks);
    expect(pace.map(({ value }) => value)).toEqual([0, 60, 60, 90]);
    expect(valueAt(pace, ms("07:15"))).toBe(60);
    expect(valueAt(pace, ms("06:30"))).toBe(30);
    expect(valueAt(pace, ms("05:30"))).toBeUndefined();
    expect(valueAt(pace, ms("09:00"))).toBe(90);
  });

  it("takes as breaks what no shift plans, also while it goes on", () => {
    const piece = { start: at("07:00"), duration_s: 900 };
    const pieces = [
      { ...piece, end: at("07:10"), category: "apt" },
      { ...piece, end: at("07:15"), category: "pdot" },
      { ...piece, end: null, category: "off_shift" },
    ];
    const span = { start: at("07:00") };
    expect(breaksOf(pieces)).toEqual([
      { ...span, end: at("07:15") },
      { ...span, end: "2026-11-30T07:15:00.000Z" },
    ]);
  });

  it("follows the pace of each order, and skips one without a plan", () => {
    const orders = [
      { start: at("07:00"), end: at("08:00"), planned_run_s_per_item: 120 },
      { start: at("06:00"), end: at("07:00"), planned_run_s_per_item: 60 },
      { start: at("08:00"), end: at("09:00"), planned_run_s_per_item: null },
    ];
    expect(paceOf(orders, []).map(({ value }) => value)).toEqual([0, 60, 60, 90]);
  });

  it("gives the time of overlapping orders to one of them", () => {
    const orders = [
      { start: at("06:00"), end: at("07:00"), planned_run_s_per_item: 60 },
      { start: at("06:30"), end: at("07:30"), planned_run_s_per_item: 60 },
    ];
    expect(paceOf(orders, []).at(-1)?.value).toBe(90);
  });
});

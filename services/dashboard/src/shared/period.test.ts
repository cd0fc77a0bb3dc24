import { describe, expect, it } from "vitest";
import {
  isSpanOfShift,
  neighbourOf,
  neighbourShift,
  periodOf,
  spanOf,
  spanOfShift,
} from "./period";

const ZONE = "Europe/Berlin";
const NOW = Date.parse("2026-11-30T09:30:00Z");
const span = (start: string, end: string) => ({
  startMs: Date.parse(start),
  endMs: Date.parse(end),
});
const hours = ({ startMs, endMs }: { startMs: number; endMs: number }) =>
  (endMs - startMs) / 3_600_000;

describe("the span of a period", () => {
  it.each([
    [{ start: "-24h" }, "2026-11-29T10:30:00+01:00", "2026-11-30T10:30:00+01:00"],
    [{ start: "-7d" }, "2026-11-23T10:30:00+01:00", "2026-11-30T10:30:00+01:00"],
    [
      { start: "2026-11-29T06:00:00+01:00", end: "2026-11-29T14:00:00+01:00" },
      "2026-11-29T06:00:00+01:00",
      "2026-11-29T14:00:00+01:00",
    ],
    [
      { start: "2026-11-29T06:00:00+01:00" },
      "2026-11-29T06:00:00+01:00",
      "2026-11-30T10:30:00+01:00",
    ],
  ])("of %o", (period, start, end) => {
    expect(spanOf(period, NOW, ZONE)).toEqual(span(start, end));
  });

  it("is the API's to know for a named shift, and nothing for nonsense", () => {
    expect(spanOf({ start: "shift:current" }, NOW, ZONE)).toBeUndefined();
    expect(spanOf({ start: "soon" }, NOW, ZONE)).toBeUndefined();
    expect(spanOf({ start: "2026-12-01T00:00:00Z" }, NOW, ZONE)).toBeUndefined();
  });

  it("counts 7 days by the clock of the plant over a change", () => {
    const week = spanOf({ start: "-7d" }, Date.parse("2026-10-27T09:00:00+01:00"), ZONE);
    expect(week?.startMs).toBe(Date.parse("2026-10-20T09:00:00+02:00"));
  });
});

describe("earlier and later", () => {
  it("moves by the length", () => {
    const eight = span("2026-11-29T06:00:00+01:00", "2026-11-29T14:00:00+01:00");
    expect(periodOf(neighbourOf(eight, -1, ZONE), ZONE)).toEqual({
      start: "2026-11-28T22:00:00+01:00",
      end: "2026-11-29T06:00:00+01:00",
    });
    expect(neighbourOf(neighbourOf(eight, -1, ZONE), 1, ZONE)).toEqual(eight);
  });

  it.each([
    ["2026-03-30T00:00:00+02:00", "2026-03-31T00:00:00+02:00", 23],
    ["2026-10-26T00:00:00+01:00", "2026-10-27T00:00:00+01:00", 25],
  ])("keeps days of 23 and 25 hours days: before %s", (start, end, length) => {
    const day = span(start, end);
    const before = neighbourOf(day, -1, ZONE);
    expect(hours(before)).toBe(length);
    expect(before.endMs).toBe(day.startMs);
    expect(neighbourOf(before, 1, ZONE)).toEqual(day);
  });

  it("keeps a week from the same time to the same time", () => {
    const week = span("2026-10-26T06:00:00+01:00", "2026-11-02T06:00:00+01:00");
    expect(periodOf(neighbourOf(week, -1, ZONE), ZONE).start).toBe("2026-10-19T06:00:00+02:00");
  });

  it("goes from shift to shift, over a weekend without one", () => {
    const friday = span("2026-11-27T14:00:00+01:00", "2026-11-27T22:00:00+01:00");
    const monday = span("2026-11-30T06:00:00+01:00", "2026-11-30T14:00:00+01:00");
    const next = span("2026-11-30T14:00:00+01:00", "2026-11-30T22:00:00+01:00");
    const shifts = [friday, monday, next];
    const now = spanOfShift(shifts, "shift:current", NOW) ?? next;
    expect(now).toBe(monday);
    expect(spanOfShift(shifts, "shift:previous", NOW)).toBe(friday);
    expect(neighbourShift(shifts, now, -1)).toBe(friday);
    expect(neighbourShift(shifts, now, 1)).toBe(next);
    expect(neighbourShift(shifts, friday, -1)).toBeUndefined();
    expect(isSpanOfShift(shifts, now)).toBe(true);
    expect(isSpanOfShift(shifts, { ...now, endMs: now.endMs - 1 })).toBe(false);
  });
});

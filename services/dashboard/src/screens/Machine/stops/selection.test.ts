import { describe, expect, it } from "vitest";
import { rememberPlants } from "../../../shared/plantHabits";
import {
  areAdjacent,
  clockAt,
  idsOf,
  instantInside,
  piecesIn,
  splitInstant,
  stopAt,
  toggled,
} from "./selection";

const at = (clock: string) => `2026-11-30T${clock}Z`;
const ms = (clock: string) => Date.parse(at(clock));
const stop = (id: string, start: string, end: string | null, equipment = "a/p") => ({
  id,
  equipment,
  start: at(start),
  end: end === null ? null : at(end),
});
const A = stop("1", "06:00:00", "06:10:00");
const B = stop("2", "06:10:00", "06:20:00");
const C = stop("3", "07:00:00", null);

describe("choosing stops", () => {
  it("finds the stop under a piece; its end is the next stop's", () => {
    expect(stopAt([A, B, C], "a/p", ms("06:10:00"))).toBe(B);
    expect(stopAt([A, B, C], "a/p", ms("06:30:00"))).toBeUndefined();
    expect(stopAt([A, B, C], "a/p", ms("09:00:00"))).toBe(C);
    expect(stopAt([A], "a/q", ms("06:05:00"))).toBeUndefined();
    const pieces = [
      { equipment: "a/p", start: at("05:00:00") },
      { equipment: "a/p", start: at("06:04:00") },
    ];
    expect([...piecesIn(pieces, [A])]).toEqual([1]);
  });

  it("chooses one, or several beside each other", () => {
    expect(toggled(["1"], "2", false)).toEqual(["2"]);
    expect(toggled(["1"], "1", false)).toEqual([]);
    expect(toggled(["1"], "2", true)).toEqual(["1", "2"]);
    expect(toggled(["1", "2"], "1", true)).toEqual(["2"]);
    expect(idsOf("1,2,,1")).toEqual(["1", "2"]);
    expect(idsOf(undefined)).toEqual([]);
  });

  it("merges what touches on one machine", () => {
    expect(areAdjacent([B, A])).toBe(true);
    expect(areAdjacent([A])).toBe(false);
    expect(areAdjacent([A, C])).toBe(false);
    expect(areAdjacent([A, stop("4", "06:10:00", "06:20:00", "a/q")])).toBe(false);
  });

  it("splits at the cursor, else in the middle, at a full second", () => {
    expect(splitInstant(A, ms("06:03:20") + 400, 0)).toBe(ms("06:03:20"));
    expect(splitInstant(A, ms("06:30:00"), 0)).toBe(ms("06:05:00"));
    expect(splitInstant(C, undefined, ms("07:02:01"))).toBe(ms("07:01:00"));
  });

  it("finds the time that is offered also where the clocks of the plant have twelve hours", () => {
    rememberPlants([{ path: "g/us", name: "US", time_zone: "America/Chicago", clock: "12h" }]);
    const clock = (atMs: number) => clockAt(atMs, "America/Chicago");
    const atMs = splitInstant(C, undefined, ms("20:00:00"));
    expect(instantInside(C, clock(atMs), ms("20:00:00"), clock)).toBe(atMs);
    rememberPlants([]);
  });

  it("finds the instant of a typed time inside the stop", () => {
    const utc = (atMs: number) => new Date(atMs).toISOString().slice(11, 19);
    expect(instantInside(A, "06:04:30", 0, utc)).toBe(ms("06:04:30"));
    expect(instantInside(A, "6:04", 0, utc)).toBe(ms("06:04:00"));
    expect(instantInside(A, "06:11", 0, utc)).toBeUndefined();
    expect(instantInside(A, "later", 0, utc)).toBeUndefined();
    const night = { ...A, start: "2026-11-30T23:50:00Z", end: "2026-12-01T00:20:00Z" };
    expect(instantInside(night, "00:10:00", 0, utc)).toBe(Date.parse("2026-12-01T00:10:00Z"));
  });
});

import { describe, expect, it } from "vitest";
import { addDays, instantsOf, isoOf, localOf, offsetMs } from "./plantTime";

const BERLIN = "Europe/Berlin";
const MEXICO = "America/Mexico_City";
const isos = (local: string, zone: string) => instantsOf(local, zone).map((at) => isoOf(at, zone));

describe("a local time", () => {
  it.each([
    ["2026-11-30T06:00", BERLIN, ["2026-11-30T06:00:00+01:00"]],
    ["2026-07-01T06:00", BERLIN, ["2026-07-01T06:00:00+02:00"]],
    ["2026-11-30T06:00", MEXICO, ["2026-11-30T06:00:00-06:00"]],
    ["2026-11-30T06:00", "Asia/Kolkata", ["2026-11-30T06:00:00+05:30"]],
    ["2026-03-29T01:59", BERLIN, ["2026-03-29T01:59:00+01:00"]],
    ["2026-03-29T03:00", BERLIN, ["2026-03-29T03:00:00+02:00"]],
  ])("%s in %s is %s", (local, zone, found) => {
    expect(isos(local, zone)).toEqual(found);
  });

  it("does not exist in the hour that the clocks leave out", () => {
    expect(isos("2026-03-29T02:30", BERLIN)).toEqual([]);
  });

  it("comes twice in the hour that the clocks repeat", () => {
    expect(isos("2026-10-25T02:30", BERLIN)).toEqual([
      "2026-10-25T02:30:00+02:00",
      "2026-10-25T02:30:00+01:00",
    ]);
  });

  it("is none without a day and a time", () => {
    expect(instantsOf("", BERLIN)).toEqual([]);
    expect(instantsOf("2026-10", BERLIN)).toEqual([]);
  });

  it("comes back from each of its instants", () => {
    for (const at of instantsOf("2026-10-25T02:30", BERLIN)) {
      expect(localOf(at, BERLIN)).toBe("2026-10-25T02:30");
    }
  });
});

it("knows the offset of instants with parts of a second, and before 1970", () => {
  expect(offsetMs(Date.parse("2026-11-30T05:00:00.123Z"), BERLIN)).toBe(3_600_000);
  expect(offsetMs(-1, "UTC")).toBe(0);
});

describe("a day later", () => {
  it.each([
    ["2026-03-28T06:00:00+01:00", "2026-03-29T06:00:00+02:00", 23],
    ["2026-10-24T06:00:00+02:00", "2026-10-25T06:00:00+01:00", 25],
    ["2026-11-29T06:00:00+01:00", "2026-11-30T06:00:00+01:00", 24],
    ["2026-03-28T02:30:00+01:00", "2026-03-29T03:30:00+02:00", 24],
  ])("of %s is %s, %s hours", (from, to, hours) => {
    const startMs = Date.parse(from);
    const endMs = addDays(startMs, 1, BERLIN);
    expect(isoOf(endMs, BERLIN)).toBe(to);
    expect((endMs - startMs) / 3_600_000).toBe(hours);
  });

  it("keeps the seconds", () => {
    const startMs = Date.parse("2026-03-28T06:00:12Z");
    expect(new Date(addDays(startMs, 1, BERLIN)).toISOString()).toBe("2026-03-29T05:00:12.000Z");
  });
});

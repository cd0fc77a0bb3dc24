import { describe, expect, it } from "vitest";
import { ticksOf } from "./ticks";

const DAY = {
  startMs: Date.parse("2026-11-30T05:00:00Z"),
  endMs: Date.parse("2026-11-30T13:00:00Z"),
};

describe("ticks", () => {
  const hours = (startMs: number, endMs: number, zone: string, width: number) =>
    ticksOf({ startMs, endMs }, zone, width).map(({ atMs }) =>
      new Date(atMs).toISOString().slice(11, 16),
    );

  it("are full hours of the plant, also where its zone is off by 30 minutes", () => {
    expect(hours(DAY.startMs, DAY.endMs, "Europe/Berlin", 800)).toHaveLength(8);
    expect(hours(DAY.startMs, DAY.startMs + 7_200_000, "Asia/Kolkata", 140)).toEqual([
      "05:30",
      "06:30",
    ]);
  });

  it("are fewer where there is less room", () => {
    expect(hours(DAY.startMs, DAY.endMs, "Europe/Berlin", 256)).toEqual([
      "05:00",
      "07:00",
      "09:00",
      "11:00",
    ]);
  });

  it("count 23 and 25 hours on the days when the clock changes", () => {
    const spring = [
      Date.parse("2026-03-28T23:00:00Z"),
      Date.parse("2026-03-29T22:00:00Z"),
    ] as const;
    const autumn = [
      Date.parse("2026-10-24T22:00:00Z"),
      Date.parse("2026-10-25T23:00:00Z"),
    ] as const;
    expect(hours(...spring, "Europe/Berlin", 2400)).toHaveLength(23);
    expect(hours(...autumn, "Europe/Berlin", 2400)).toHaveLength(25);
  });

  it("leave out the second 02:00 of an autumn night where there is no room for it", () => {
    const start = Date.parse("2026-10-24T22:00:00Z");
    const shown = hours(start, start + 8 * 3_600_000, "Europe/Berlin", 8 * 40);
    expect(shown).toEqual(["22:00", "00:00", "03:00", "05:00"]); // 00, 02, 04, 06 of the plant
  });

  it("are minutes in a short span and named days in a long one", () => {
    expect(hours(DAY.startMs, DAY.startMs + 60_000, "Europe/Berlin", 800)).toEqual(["05:00"]);
    expect(hours(DAY.startMs, DAY.startMs + 1_800_000, "Europe/Berlin", 256)).toEqual([
      "05:00",
      "05:10",
      "05:20",
    ]);
    const week = ticksOf(
      { startMs: DAY.startMs, endMs: DAY.startMs + 7 * 86_400_000 },
      "Europe/Berlin",
      7 * 70,
    );
    expect(week).toHaveLength(7);
    expect(week.every(({ isDay }) => isDay)).toBe(true);
  });

  it("skip days that are narrower than a label", () => {
    const month = { startMs: DAY.startMs, endMs: DAY.startMs + 28 * 86_400_000 };
    const days = ticksOf(month, "Europe/Berlin", 28 * 32);
    expect(days).toHaveLength(14);
  });

  it("are none where there is no room or no time", () => {
    expect(ticksOf(DAY, "Europe/Berlin", 0)).toEqual([]);
    expect(ticksOf({ startMs: 5, endMs: 5 }, "Europe/Berlin", 800)).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import {
  bandsOf,
  PIECE_MIN_PX,
  pieceAfterKey,
  type StateSpan,
  ticksOf,
  totalsOf,
} from "./timeline";

const DAY = {
  startMs: Date.parse("2026-11-30T05:00:00Z"),
  endMs: Date.parse("2026-11-30T13:00:00Z"),
};
const NOW = Date.parse("2026-11-30T12:00:00Z");

function piece(state: string, start: string, end: string | null, category = "apt"): StateSpan {
  const seconds = end === null ? null : (Date.parse(day(end)) - Date.parse(day(start))) / 1000;
  return {
    state,
    category,
    start: day(start),
    end: end === null ? null : day(end),
    duration_s: seconds,
    code: null,
    order_number: null,
  };
}

function day(time: string): string {
  return `2026-11-30T${time}Z`;
}

describe("bands", () => {
  it("draws a stop of one second in eight hours, on top of what surrounds it", () => {
    const bands = bandsOf(
      [
        piece("producing", "05:00:00", "08:00:00"),
        piece("malfunction", "08:00:00", "08:00:01"),
        piece("producing", "08:00:01", "13:00:00"),
      ],
      DAY,
      NOW,
      800,
    );
    expect(bands.at(-1)).toMatchObject({ state: "malfunction", width: PIECE_MIN_PX, x: 300 });
  });

  it("draws an open piece until now, not into the future", () => {
    const [band] = bandsOf([piece("repair", "11:00:00", null)], DAY, NOW, 800);
    expect(band).toMatchObject({ x: 600, width: 100 });
  });

  it("cuts at both ends of the span and leaves out what only touches it", () => {
    const bands = bandsOf(
      [
        piece("idle", "04:00:00", "05:00:00"),
        piece("setup", "04:00:00", "06:00:00"),
        piece("off", "12:00:00", "14:00:00"),
        piece("idle", "13:00:00", "14:00:00"),
      ],
      DAY,
      NOW,
      800,
    );
    expect(bands.map(({ state, x, width }) => [state, x, width])).toEqual([
      ["off", 700, 100],
      ["setup", 0, 100],
    ]);
  });

  it("draws time outside the plan lower, and a state of a newer API as unknown", () => {
    const bands = bandsOf(
      [
        piece("idle", "05:00:00", "06:00:00", "off_shift"),
        piece("dancing", "06:00:00", "07:00:00"),
      ],
      DAY,
      NOW,
      800,
    );
    expect(bands.map(({ state, isOutside }) => [state, isOutside])).toEqual([
      ["unknown", false],
      ["idle", true],
    ]);
  });

  it("has a band for each of 2,000 pieces", () => {
    const pieces = Array.from({ length: 2000 }, (_, index) => {
      const at = (offset: number) =>
        new Date(DAY.startMs + (index + offset) * 14_400).toISOString().slice(11, 23);
      return piece(index % 2 === 0 ? "producing" : "idle", at(0), at(1));
    });
    expect(bandsOf(pieces, DAY, NOW + 3_600_000, 800)).toHaveLength(2000);
  });
});

it("adds up the seconds of the API, longest first", () => {
  const totals = totalsOf([
    piece("idle", "05:00:00", "05:00:10"),
    piece("producing", "05:00:10", "06:00:00"),
    piece("idle", "06:00:00", "06:00:20"),
  ]);
  expect(totals).toEqual([
    { state: "producing", seconds: 3590, count: 1 },
    { state: "idle", seconds: 30, count: 2 },
  ]);
  expect(totalsOf([])).toEqual([]);
});

describe("ticks", () => {
  const hours = (startMs: number, endMs: number, zone: string, width: number) =>
    ticksOf({ startMs, endMs }, zone, width).map(({ atMs }) =>
      new Date(atMs).toISOString().slice(11, 16),
    );

  it("are full hours of the plant, also where its zone is off by 30 minutes", () => {
    expect(hours(DAY.startMs, DAY.endMs, "Europe/Berlin", 800)).toHaveLength(8);
    expect(hours(DAY.startMs, DAY.startMs + 7_200_000, "Asia/Kolkata", 800)).toEqual([
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
});

it("walks the pieces by keys and stays at the ends", () => {
  expect(pieceAfterKey("ArrowRight", 0, 3)).toBe(1);
  expect(pieceAfterKey("ArrowRight", 2, 3)).toBe(2);
  expect(pieceAfterKey("ArrowLeft", 0, 3)).toBe(0);
  expect(pieceAfterKey("Home", 2, 3)).toBe(0);
  expect(pieceAfterKey("End", 0, 3)).toBe(2);
  expect(pieceAfterKey("Enter", 0, 3)).toBeUndefined();
  expect(pieceAfterKey("End", 0, 0)).toBeUndefined();
});

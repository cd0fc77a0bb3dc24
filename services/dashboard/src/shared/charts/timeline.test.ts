import { describe, expect, it } from "vitest";
import {
  bandAt,
  bandsOf,
  lanesOf,
  nowOf,
  PIECE_MIN_PX,
  pieceAfterKey,
  type StateSpan,
  shapesOf,
  totalsOf,
} from "./timeline";

const DAY = {
  startMs: Date.parse("2026-11-30T05:00:00Z"),
  endMs: Date.parse("2026-11-30T13:00:00Z"),
};
const NOW = Date.parse("2026-11-30T12:00:00Z");

function piece(state: string, start: string, end: string | null, category = "apt"): StateSpan {
  const until = end === null ? NOW : Date.parse(day(end));
  return {
    state,
    category,
    start: day(start),
    end: end === null ? null : day(end),
    duration_s: (until - Date.parse(day(start))) / 1000,
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

  it("draws a stop of one second at the very end inside the picture", () => {
    const [band] = bandsOf([piece("repair", "12:59:59", "13:00:00")], DAY, NOW, 800);
    expect(band).toMatchObject({ x: 798, width: PIECE_MIN_PX });
  });

  it("draws nothing for an empty answer", () => {
    expect(bandsOf([], DAY, NOW, 800)).toEqual([]);
    expect(shapesOf([], 60, 40)).toEqual([]);
  });

  it("are as wide on a day of 25 hours as their share of it", () => {
    const span = {
      startMs: Date.parse("2026-10-24T22:00:00Z"),
      endMs: Date.parse("2026-10-25T23:00:00Z"),
    };
    const night = { ...piece("off", "05:00:00", "06:00:00") };
    const [band] = bandsOf(
      [{ ...night, start: "2026-10-25T00:00:00Z", end: "2026-10-25T02:00:00Z" }],
      span,
      NOW,
      2500,
    );
    expect(band).toMatchObject({ x: 200, width: 200 }); // 02:00 CEST to 03:00 CET are two hours
  });

  it("are one path for each state of 2,000 pieces, no piece missing", () => {
    const pieces = Array.from({ length: 2000 }, (_, index) => {
      const at = (offset: number) =>
        new Date(DAY.startMs + (index + offset) * 14_400).toISOString().slice(11, 23);
      return piece(index % 2 === 0 ? "producing" : "idle", at(0), at(1));
    });
    const shapes = shapesOf(bandsOf(pieces, DAY, NOW + 3_600_000, 800), 60, 40);
    expect(shapes.map(({ state, path }) => [state, path.split("z").length - 1])).toEqual([
      ["producing", 1000],
      ["idle", 1000],
    ]);
  });
});

it("draws time outside the plan at the foot of the lane", () => {
  const bands = bandsOf(
    [piece("idle", "05:00:00", "06:00:00", "off_shift"), piece("idle", "06:00:00", "07:00:00")],
    DAY,
    NOW,
    800,
  );
  expect(shapesOf(bands, 60, 40)).toEqual([
    { state: "idle", path: "M0 20h100v40h-100zM100 0h100v60h-100z" },
  ]);
});

it("points at the piece that lies on top", () => {
  const bands = bandsOf(
    [
      piece("producing", "05:00:00", "08:00:00"),
      piece("malfunction", "08:00:00", "08:00:01"),
      piece("producing", "08:00:01", "12:00:00"),
    ],
    DAY,
    NOW,
    800,
  );
  const pointed = [0, 299.9, 300, 301.9, 302, 699.9, 700].map((x) => bandAt(bands, x)?.index);
  expect(pointed).toEqual([0, 0, 1, 1, 2, 2, undefined]);
});

it("takes the present from the piece that goes on, not from the browser", () => {
  const open = { ...piece("repair", "11:00:00", null), duration_s: 90 };
  expect(nowOf([piece("idle", "05:00:00", "11:00:00"), open], 5)).toBe(Date.parse(day("11:01:30")));
  expect(nowOf([piece("idle", "05:00:00", "11:00:00")], 5)).toBe(5);
  expect(nowOf([], 5)).toBe(5);
});

it("gives each machine its lane in the order of the line, also one without states", () => {
  const own = (equipment: string) => ({ ...piece("idle", "05:00:00", "06:00:00"), equipment });
  const lanes = lanesOf([own("c"), own("a"), own("z"), own("a")], ["a", "b", "c"]);
  expect(lanes.map(({ equipment, pieces }) => [equipment, pieces.length])).toEqual([
    ["a", 2],
    ["b", 0],
    ["c", 1],
    ["z", 1],
  ]);
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

it("walks the pieces by keys and stays at the ends", () => {
  expect(pieceAfterKey("ArrowRight", 0, 3)).toBe(1);
  expect(pieceAfterKey("ArrowRight", 2, 3)).toBe(2);
  expect(pieceAfterKey("ArrowLeft", 0, 3)).toBe(0);
  expect(pieceAfterKey("Home", 2, 3)).toBe(0);
  expect(pieceAfterKey("End", 0, 3)).toBe(2);
  expect(pieceAfterKey("Enter", 0, 3)).toBeUndefined();
  expect(pieceAfterKey("End", 0, 0)).toBeUndefined();
  expect(pieceAfterKey("ArrowRight", undefined, 3)).toBe(0);
  expect(pieceAfterKey("ArrowLeft", undefined, 3)).toBe(2);
});

import { describe, expect, it } from "vitest";
import { PARTS, STATE_OF, segmentsOf } from "./segments";

const parts = (times: Record<string, number>) =>
  segmentsOf(times).map(({ part, seconds }) => [part, seconds]);

describe("where the time went", () => {
  it("adds up to the planned busy time, with slow cycles and scrap inside the production", () => {
    const segments = segmentsOf({
      production: 70,
      malfunction: 10,
      minor_stop: 5,
      starved: 8,
      supply_caused: 2,
      no_order: 3,
      idle: 2,
      speed: 6,
      scrap: 3,
      start_up: 1,
    });
    expect(segments.map(({ part, seconds }) => [part, seconds])).toEqual([
      ["producing", 60],
      ["speed", 6],
      ["scrap", 4],
      ["down", 15],
      ["material", 10],
      ["idle", 5],
    ]);
    expect(segments.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
    expect(segments[1]).toMatchObject({ from: 0.6, share: 0.06 });
  });

  it("leaves out what was not planned", () => {
    expect(parts({ production: 5, off_shift: 9, planned_down: 9 })).toEqual([["producing", 5]]);
  });

  it("draws no gain", () => {
    expect(parts({ production: 5, speed: -2, scrap: 1 })).toEqual([
      ["producing", 4],
      ["scrap", 1],
    ]);
  });

  it("never has more losses in the production than production", () => {
    expect(parts({ production: 5, speed: 9, scrap: 1 })).toEqual([["speed", 5]]);
  });

  it("shows a category that it does not know, and is empty without any time", () => {
    expect(parts({ production: 1, novel: 2 })).toEqual([
      ["producing", 1],
      ["other", 2],
    ]);
    expect(segmentsOf({})).toEqual([]);
    expect(segmentsOf({ production: 0 })).toEqual([]);
  });

  it("knows how each part looks", () => {
    expect(PARTS.filter((part) => STATE_OF[part] === undefined)).toEqual(["speed", "scrap"]);
  });
});

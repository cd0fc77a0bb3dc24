import { describe, expect, it } from "vitest";
import { paretoOf } from "./pareto";

const ROWS = [
  { category: "malfunction", reason: "jam", seconds: 600, stops: 2 },
  { category: "minor_stop", reason: null, seconds: 300, stops: 40 },
  { category: "starved", reason: null, seconds: 900, stops: 1 },
  { category: "speed", reason: null, seconds: 5000, stops: 0 },
];

describe("the Pareto of stops", () => {
  it("goes by time, without losses that are no stops", () => {
    const rows = paretoOf(ROWS, "seconds", true);
    expect(rows.map(({ category }) => category)).toEqual(["starved", "malfunction", "minor_stop"]);
    expect(rows.map(({ cumulative }) => cumulative)).toEqual([0.5, 1500 / 1800, 1]);
    expect(rows[1]?.length).toBeCloseTo(2 / 3);
  });

  it("goes by number, with and without short stops", () => {
    expect(paretoOf(ROWS, "stops", true)[0]?.category).toBe("minor_stop");
    const longer = paretoOf(ROWS, "stops", false);
    expect(longer.map(({ stops }) => stops)).toEqual([2, 1]);
    expect(longer.at(-1)?.cumulative).toBe(1);
  });

  it("is empty without a stop", () => {
    expect(paretoOf([], "stops", true)).toEqual([]);
  });
});

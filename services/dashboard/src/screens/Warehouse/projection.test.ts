import { describe, expect, it } from "vitest";
import { niceAbove, shapeOf } from "./projection";

const columns = {
  day: ["2026-11-20", "2026-11-21"],
  opening: [100, 40],
  in_transit: [0, 30],
  called_off: [0, 50],
  demand: [60, 60],
  closing: [40, 60],
};

describe("the projection of a part", () => {
  it("starts with the stock of now and has what arrives at the start of its day", () => {
    const shape = shapeOf(columns, 0);
    const points = shape.line.split(" ").map((point) => point.split(",").map(Number));
    expect(points).toHaveLength(6);
    expect(points[0]?.[1]).toBe(12); // 100 is the top
    expect(points[3]?.[0]).toBe(points[4]?.[0]); // the arrival is a step
    expect(shape.minimumY).toBeUndefined();
    expect(shape.isUnknown).toBe(false);
  });

  it("stacks what is called off on what is under way", () => {
    const { inTransit, calledOff } = shapeOf(columns, 0);
    expect(inTransit).toHaveLength(1);
    expect((calledOff[0]?.y ?? 0) + (calledOff[0]?.height ?? 0)).toBeCloseTo(inTransit[0]?.y ?? 0);
  });

  it("has room below zero and a band up to the minimum", () => {
    const short = { ...columns, closing: [-60, 60] };
    const shape = shapeOf(short, 25);
    expect(shape.zero).toBeLessThan(212);
    expect(shape.minimumY).toBeLessThan(shape.zero);
    expect(shape.ticks.some(({ value }) => value < 0)).toBe(true);
  });

  it("draws no line where the stock is unknown", () => {
    const unknown = { ...columns, opening: [null, null], closing: [null, null] };
    expect(shapeOf(unknown, 0)).toMatchObject({ line: "", isUnknown: true });
  });

  it("rounds scales up", () => {
    expect([0, 0.3, 1, 17, 230, 260].map(niceAbove)).toEqual([0, 0.5, 1, 20, 250, 500]);
  });
});

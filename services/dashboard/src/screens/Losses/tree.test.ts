import { describe, expect, it } from "vitest";
import type { LossRow } from "../../api/losses";
import { below, childrenOf, keyOf, ordered, type Step, secondsBefore, stepOf } from "./tree";

function row(fields: Partial<LossRow>): LossRow {
  return {
    plant: null,
    line: null,
    machine: null,
    category: null,
    big_loss: null,
    reason: null,
    order: null,
    shift: null,
    absent: {},
    kind: "loss",
    seconds: 1,
    share: null,
    busy_share: null,
    cumulative_share: null,
    stops: 0,
    pieces: null,
    costs: [],
    compared: null,
    ...fields,
  };
}

function changed(reason: string, points: number | null): LossRow {
  const compared = {
    seconds: 1,
    stops: 0,
    share: null,
    busy_share: null,
    change_s: 0,
    change_points: points,
  };
  return row({ reason, compared });
}

const LINE: Step = { dimension: "line", value: "g/p/l", absent: undefined };
const STARVED: Step = { dimension: "category", value: "starved", absent: undefined };
const NO_LINE: Step = { dimension: "line", value: null, absent: "no line" };

describe("what is asked for", () => {
  it("is the path of an equipment, and the category beside the next dimension", () => {
    expect(childrenOf(["g"], [], "plant")).toEqual({ under: ["g"], groupBy: ["plant"] });
    expect(childrenOf(["g"], [LINE], "machine")).toEqual({
      under: ["g/p/l"],
      groupBy: ["machine"],
    });
    expect(childrenOf(["g"], [LINE, STARVED], "reason")).toEqual({
      under: ["g/p/l"],
      groupBy: ["category", "reason"],
    });
    expect(childrenOf(["g"], [STARVED, LINE], "machine")).toEqual({
      under: ["g/p/l"],
      groupBy: ["category", "machine"],
    });
  });

  it("is the dimension itself where it has no value", () => {
    expect(childrenOf(["g", "h"], [NO_LINE], "machine")).toEqual({
      under: ["g", "h"],
      groupBy: ["line", "machine"],
    });
  });
});

describe("what belongs below a row", () => {
  it("are the rows of its category", () => {
    const items = [row({ category: "starved", reason: "a" }), row({ category: "idle" })];
    expect(below(items, [LINE, STARVED])).toEqual(items.slice(0, 1));
  });

  it("are rows without a value for the same reason", () => {
    const items = [
      row({ machine: "m", absent: { line: "no line" } }),
      row({ machine: "n", absent: { line: "other" } }),
      row({ machine: "o", line: "l" }),
    ];
    expect(below(items, [NO_LINE]).map(({ machine }) => machine)).toEqual(["m"]);
  });
});

it("tells rows apart by value, and those without one by why", () => {
  const none = stepOf(row({ absent: { reason: "not entered" } }), "reason");
  const speed = stepOf(row({ absent: { reason: "slow cycles" } }), "reason");
  expect(new Set([keyOf([LINE]), keyOf([LINE, none]), keyOf([LINE, speed])]).size).toBe(3);
});

it("orders by change, those that were not there before last", () => {
  const rows = [changed("a", null), changed("b", -1), changed("c", 2), changed("d", null)];
  const names = (order: "time" | "change") => ordered(rows, order).map(({ reason }) => reason);
  expect(names("time")).toEqual(["a", "b", "c", "d"]);
  expect(names("change")).toEqual(["c", "b", "a", "d"]);
});

describe("the period before", () => {
  const lostBefore = (seconds: number, busy_share: number | null) =>
    secondsBefore(
      row({
        compared: { seconds, busy_share, stops: 0, share: null, change_s: 0, change_points: null },
      }),
    );

  it("has no value where nothing was planned, and 0 where nothing was lost", () => {
    expect(lostBefore(0, null)).toBeNull();
    expect(lostBefore(0, 0)).toBe(0);
    expect(lostBefore(60, 0.1)).toBe(60);
    expect(secondsBefore(row({}))).toBeNull();
  });
});

import { expect, it } from "vitest";
import type { LossRow } from "../../api/losses";
import { lengthsOf, longestOf } from "./units";

function row(part: Partial<LossRow>): LossRow {
  return {
    absent: {},
    big_loss: null,
    busy_share: 0.1,
    category: null,
    compared: {
      busy_share: 0.3,
      change_points: -20,
      change_s: 0,
      seconds: 90,
      share: null,
      stops: 1,
    },
    costs: [],
    cumulative_share: null,
    kind: "loss",
    line: null,
    machine: null,
    order: null,
    pieces: null,
    plant: null,
    reason: null,
    seconds: 60,
    share: null,
    shift: null,
    stops: 1,
    ...part,
  };
}

it("compares times with times and shares with shares", () => {
  expect(lengthsOf(row({}), "h")).toEqual({ now: 60, before: 90 });
  expect(lengthsOf(row({}), "share")).toEqual({ now: 0.1, before: 0.3 });
  expect(longestOf([row({}), row({ seconds: 120 })], "h")).toBe(120);
});

it("knows no money without a rate, nor of two currencies", () => {
  const euros = { amount: 5, currency: "EUR" };
  expect(lengthsOf(row({ costs: [euros] }), "cost")).toEqual({ now: 5, before: null });
  expect(lengthsOf(row({}), "cost").now).toBeNull();
  expect(lengthsOf(row({ costs: [euros, { amount: 1, currency: "MXN" }] }), "cost").now).toBeNull();
  expect(longestOf([row({})], "cost")).toBe(0);
});

import { expect, it } from "vitest";
import { judged } from "./judged";

const KPIS = {
  start: "",
  end: "",
  oee: 0,
  availability: 0.5,
  effectiveness: null,
  quality_ratio: 1,
  coverage: null,
  judged_share: 1,
  good: null,
  planned_quantity: null,
  provisional: true,
  times_s: {},
};

it("has no value where nothing was planned or judged", () => {
  expect(judged({ ...KPIS, judged_share: null }, "oee")).toBeNull();
  expect(judged({ ...KPIS, judged_share: 0 }, "availability")).toBeNull();
});

it("has the value of what was judged, also 0", () => {
  expect(judged({ ...KPIS, judged_share: 0.01 }, "oee")).toBe(0);
  expect(judged(KPIS, "availability")).toBe(0.5);
  expect(judged(KPIS, "effectiveness")).toBeNull();
});

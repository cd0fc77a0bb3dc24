import { expect, test } from "vitest";
import { delayMs, LIST_S, polled } from "./polling";

const answered = { state: { fetchFailureCount: 0 } };

test("the delay is the same at each render, or its timer would never end", () => {
  const { refetchInterval } = polled(LIST_S);
  const delays = Array.from({ length: 20 }, () => refetchInterval(answered));
  expect(new Set(delays).size).toBe(1);
  expect(polled(LIST_S).refetchInterval(answered)).toBe(delays[0]);
});

test("the delay differs by a tenth between tabs, and grows while the API does not answer", () => {
  expect([0, 0.5, 1].map((random) => delayMs(60, 0, random))).toEqual([54_000, 60_000, 66_000]);
  expect([1, 2, 3, 4, 9].map((failures) => delayMs(10, failures, 0.5))).toEqual([
    10_000, 20_000, 40_000, 60_000, 60_000,
  ]);
});

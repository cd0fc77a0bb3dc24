import { environmentManager, QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { delayMs, LIST_S, LIVE_S, polled, polledFor } from "./polling";

const ANSWERED = { state: { dataUpdateCount: 1, errorUpdateCount: 0, error: null } };

beforeEach(() => {
  vi.useFakeTimers();
  environmentManager.setIsServer(() => false); // a server has no intervals
});
afterEach(() => {
  vi.useRealTimers();
  environmentManager.setIsServer(() => true);
});

test("the delay is the same at each render, or its timer would never end", () => {
  const { refetchInterval } = polled(LIST_S);
  const delays = Array.from({ length: 20 }, () => refetchInterval(ANSWERED));
  expect(new Set(delays).size).toBe(1);
  expect(polled(LIST_S).refetchInterval(ANSWERED)).toBe(delays[0]);
});

test("the delay differs by a tenth between tabs, and grows while the API does not answer", () => {
  expect([0, 0.5, 1].map((random) => delayMs(60, 0, random))).toEqual([54_000, 60_000, 66_000]);
  expect([1, 2, 3, 4, 9].map((failures) => delayMs(10, failures, 0.5))).toEqual([
    10_000, 20_000, 40_000, 60_000, 60_000,
  ]);
});

test("a query of ten seconds asks ever less often while it fails, and as before once it answers", async () => {
  const client = new QueryClient();
  const askedAt: number[] = [];
  let isDown = false;
  const observer = new QueryObserver<string>(client, {
    queryKey: ["overview"],
    queryFn: async () => {
      askedAt.push(Date.now());
      if (isDown) throw new Error("down");
      return "up";
    },
    ...polled(LIVE_S),
  });
  const stop = observer.subscribe(() => {});
  await vi.advanceTimersByTimeAsync(5000);
  isDown = true;
  await vi.advanceTimersByTimeAsync(220_000);
  isDown = false;
  await vi.advanceTimersByTimeAsync(100_000);
  stop();
  const waits = askedAt
    .slice(1)
    .map((at, index) => Math.round((at - (askedAt[index] ?? 0)) / 1000));
  const within = (seconds: number) => (wait: number | undefined) =>
    wait !== undefined && Math.abs(wait - seconds) <= seconds / 10 + 1;
  const expected = [10, 10, 20, 40, 60, 60, 60, 10, 10];
  expect(
    waits.slice(0, expected.length).map((wait, at) => within(expected[at] ?? 0)(wait)),
  ).toEqual(expected.map(() => true));
});

test.each([
  [{ start: "shift:current" }, LIVE_S],
  [{ start: "shift:previous" }, LIST_S],
  [{ start: "-24h" }, LIVE_S],
  [{ start: "-28d" }, LIST_S],
  [{ start: "2026-11-30T06:00:00Z", end: "2026-11-30T14:00:00Z" }, LIVE_S],
  [{ start: "2026-11-29T22:00:00Z", end: "2026-11-30T06:00:00Z" }, LIST_S],
  [{ start: "2026-11-01T00:00:00Z" }, LIST_S],
])("the period %o is asked for each %i seconds", (period, seconds) => {
  const nowMs = Date.parse("2026-11-30T12:00:00Z");
  expect(polledFor(period, LIVE_S, nowMs).staleTime).toBe((seconds * 1000) / 2);
});

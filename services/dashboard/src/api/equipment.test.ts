import { QueryClient } from "@tanstack/react-query";
import { afterEach, expect, test, vi } from "vitest";
import { countsAddress, lossTimesAddress, states } from "./equipment";

afterEach(() => vi.restoreAllMocks());

test("the states of years are not asked for without end: what is shown says that it is cut", async () => {
  let asked = 0;
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => {
    asked += 1;
    const span = { start: "2020-01-01T00:00:00Z", end: "2026-01-01T00:00:00Z", shift: null };
    return Response.json({ ...span, items: [{ equipment: "g/p" }], next_cursor: "more" });
  });
  const answer = await new QueryClient().fetchQuery(states("g/p", { start: "2020-01-01" }));
  expect(answer.isCut).toBe(true);
  expect(answer.items.length).toBe(asked);
  expect(asked).toBeLessThanOrEqual(20);
});

test("files of counts and loss times are of the period and the steps that are shown", () => {
  const period = { start: "2026-11-20T06:00:00+01:00", end: "now" };
  expect(countsAddress("g/p l/m", period, "5m")).toBe(
    "/api/v1/equipment/g/p%20l/m/counts?start=2026-11-20T06%3A00%3A00%2B01%3A00&end=now&granularity=5m&format=csv",
  );
  expect(lossTimesAddress("g/p", { start: "-8h" })).toBe(
    "/api/v1/loss_times?equipment=g%2Fp&start=-8h&format=csv",
  );
});

import { QueryClient } from "@tanstack/react-query";
import { afterEach, expect, test, vi } from "vitest";
import { states } from "./equipment";

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

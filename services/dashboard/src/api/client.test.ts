import { afterEach, expect, test, vi } from "vitest";
import { ApiProblem, api, bodyOf, patienceMs } from "./client";

afterEach(() => vi.restoreAllMocks());

test.each([
  ["GET", "/api/v1/losses", 30_000],
  ["POST", "/api/v1/annotations", 30_000],
  ["POST", "/api/v1/mappings:diff", 120_000],
  ["POST", "/api/v1/mappings/press/versions/3:activate", 120_000],
  ["PUT", "/api/v1/equipment/group/plant/calendars", 120_000],
  ["GET", "/api/v1/equipment/group/plant/calendars", 30_000],
  ["POST", "/api/v1/shift_reports/group/plant:sign", 120_000],
])("%s %s is waited for %i ms", (method, path, ms) => {
  expect(patienceMs(method, path)).toBe(ms);
});

test("an API that takes the request and never answers is unreachable", async () => {
  vi.spyOn(AbortSignal, "timeout").mockImplementation(() => {
    const patience = new AbortController();
    setTimeout(() => patience.abort(new DOMException("", "TimeoutError")), 1);
    return patience.signal;
  });
  vi.spyOn(globalThis, "fetch").mockImplementation(
    (input) =>
      new Promise((_, reject) => {
        const { signal } = input instanceof Request ? input : new Request(input);
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
  );
  const refused = await bodyOf(api.GET("/api/v1/me")).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ApiProblem);
  expect(refused).toMatchObject({ status: 0 });
});

test("an answer that stops half-way is unreachable", async () => {
  const answer = Promise.reject(new DOMException("", "TimeoutError"));
  await expect(bodyOf(answer)).rejects.toMatchObject({ status: 0 });
});

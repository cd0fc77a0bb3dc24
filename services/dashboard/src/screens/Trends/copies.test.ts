import { expect, test } from "vitest";
import { asApiCall, asPython, asSql } from "./copies";
import { instantAfterKey } from "./keys";

const QUESTION = {
  ids: [7, 20],
  start: "2026-11-30T06:00:00+01:00",
  end: "2026-11-30T07:00:00+01:00",
  points: 1200,
  origin: "http://plant:8080",
};

test("the copies ask for the same signals and time, and none has a key", () => {
  const call = asApiCall(QUESTION);
  expect(call).toContain("http://plant:8080/api/v1/samples?signal=7&signal=20&start=");
  expect(call).toContain("2026-11-30T06%3A00%3A00%2B01%3A00");
  expect(asPython(QUESTION)).toContain("[7, 20]");
  expect(asSql(QUESTION)).toContain("IN (7, 20)");
  expect(call + asPython(QUESTION) + asSql(QUESTION)).not.toMatch(/wn_/);
});

test("keys move the cursor inside the picture", () => {
  const span = { startMs: 0, endMs: 200 };
  expect(instantAfterKey("ArrowRight", undefined, span, false)).toBe(0);
  expect(instantAfterKey("ArrowRight", 10, span, false)).toBe(11);
  expect(instantAfterKey("ArrowLeft", 15, span, true)).toBe(5);
  expect(instantAfterKey("ArrowLeft", 1, span, true)).toBe(0);
  expect(instantAfterKey("End", 1, span, false)).toBe(200);
  expect(instantAfterKey("x", 1, span, false)).toBeUndefined();
});

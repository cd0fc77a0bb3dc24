import { expect, test } from "vitest";
import type { Backlog, Readiness } from "../api/health";
import { BEHIND_S, lackingOf } from "./lacking";

// As the API answers it: what is not configured is left out.
const READY = {
  status: "ready",
  database: "ok",
  redis: "ok",
  limits: "shared",
  background: [],
} as Partial<Readiness> as Readiness;

function waiting(seconds: number): Backlog {
  const at = "2026-11-30T12:00:00Z";
  return {
    equipment: "g/p/m",
    buckets: 1,
    first_bucket: at,
    last_bucket: at,
    waiting_since: at,
    waiting_s: seconds,
  };
}

test("a platform at its best lacks nothing, nor one that has not answered yet", () => {
  expect(lackingOf(READY, [])).toEqual([]);
  expect(lackingOf({ ...READY, redis: "not configured" }, [waiting(BEHIND_S)])).toEqual([]);
  expect(lackingOf(undefined, [])).toEqual([]);
});

test("each part that is away is named", () => {
  const ready: Readiness = {
    ...READY,
    redis: "does not answer (TimeoutError)",
    identity_providers: [
      { name: "a", state: "ok" },
      { name: "b", state: "unavailable" },
      { name: "c", state: "unavailable" },
    ],
    wide_process: "restarting",
  };
  expect(lackingOf(ready, [])).toEqual([
    { kind: "redis" },
    { kind: "providers", names: "b, c" },
    { kind: "wide" },
  ]);
});

test("computing that is behind says by how much", () => {
  expect(lackingOf(READY, [waiting(BEHIND_S + 1)])).toEqual([
    { kind: "behind", seconds: BEHIND_S + 1 },
  ]);
});

/** What a person should know of the platform: which part is away, how far computing is behind. */
import type { Backlog, Readiness } from "../api/health";

export type Lack =
  | { kind: "redis" }
  | { kind: "providers"; names: string }
  | { kind: "wide" }
  | { kind: "behind"; seconds: number };

/** A worker computes within seconds; what comes late for a machine waits for up to a minute. */
export const BEHIND_S = 90;

export function lackingOf(ready: Readiness | undefined, waits: readonly Backlog[]): Lack[] {
  const lacking: Lack[] = [];
  if (ready !== undefined) {
    if (!["ok", "not configured"].includes(ready.redis)) lacking.push({ kind: "redis" });
    const names = (ready.identity_providers ?? [])
      .filter(({ state }) => state !== "ok")
      .map(({ name }) => name)
      .join(", ");
    if (names !== "") lacking.push({ kind: "providers", names });
    if (ready.wide_process === "restarting") lacking.push({ kind: "wide" });
  }
  const seconds = waits[0]?.waiting_s ?? 0;
  if (seconds > BEHIND_S) lacking.push({ kind: "behind", seconds });
  return lacking;
}

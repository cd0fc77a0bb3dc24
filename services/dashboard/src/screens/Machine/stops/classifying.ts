/** Giving stops a reason or a comment: what is sent, and what of it was done where a part fails. */
import type { Schemas } from "../../../api/client";
import type { StopChange } from "../../../api/stops";

export interface Commented {
  id: string;
  version: number;
  comment: string | null;
}

export interface Classifying {
  stops: readonly Commented[];
  /** Null: without a reason again. */
  reason: string | null;
  /** As it was typed. */
  comment: string;
}

export type Request = Schemas["StopsClassification"];
const STOPS_MAX = 100; // of a request

/** Return the requests that give stops a reason: one, unless their own comments differ.
 *
 * One stop gets the comment as it was typed, also an empty one; of several an empty field leaves
 * each its own.
 */
export function requestsOf({ stops, reason, comment }: Classifying): Request[] {
  const typed = comment.trim() === "" ? null : comment;
  const hasOwn = typed === null && stops.length > 1;
  const commentAfter = (stop: Commented) => (hasOwn ? stop.comment : typed);
  return [...new Set(stops.map(commentAfter))].flatMap((after) =>
    chunksOf(stops.filter((stop) => commentAfter(stop) === after)).map((part) => ({
      stops: part.map(({ id, version }) => ({ id, version })),
      reason,
      comment: after,
    })),
  );
}

/** Return what is sent to change a comment alone: the API leaves state and reason as they are. */
export function commentOf({ id, version }: Commented, typed: string): Request {
  return { stops: [{ id, version }], comment: typed.trim() === "" ? null : typed };
}

export interface Done {
  changes: readonly StopChange[];
  /** Why the rest was not done. */
  refusal?: unknown;
}

/** Send one request after the other; throw if the first is refused: then nothing was done. */
export async function sendAll(
  requests: readonly Request[],
  send: (request: Request) => Promise<readonly StopChange[]>,
): Promise<Done> {
  const changes: StopChange[] = [];
  for (const request of requests) {
    try {
      changes.push(...(await send(request)));
    } catch (refusal) {
      if (changes.length === 0) throw refusal;
      return { changes, refusal };
    }
  }
  return { changes };
}

/** Take changes back, the last first; what is refused does not hold up the others. */
export async function undoAll(
  { changes }: Done,
  undo: (change: StopChange) => Promise<unknown>,
): Promise<void> {
  const refusals: unknown[] = [];
  for (const change of changes.toReversed()) {
    await undo(change).catch((refusal: unknown) => refusals.push(refusal));
  }
  if (refusals.length > 0) throw refusals[0];
}

function chunksOf<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / STOPS_MAX);
  return Array.from({ length: count }, (_, n) => items.slice(n * STOPS_MAX, (n + 1) * STOPS_MAX));
}

/** Which stops are chosen: by a piece of the timeline or a row of the table; the address has them. */
import { isoOf } from "../../../shared/plantTime";

export interface StopSpan {
  id: string;
  equipment: string;
  start: string;
  end: string | null;
}

/** Return the stop of a machine that covers an instant. */
export function stopAt<T extends StopSpan>(
  stops: readonly T[],
  equipment: string,
  atMs: number,
): T | undefined {
  return stops.find(
    (stop) =>
      stop.equipment === equipment &&
      Date.parse(stop.start) <= atMs &&
      (stop.end === null || atMs < Date.parse(stop.end)),
  );
}

/** Return the indexes of the pieces that begin inside one of the stops. */
export function piecesIn(
  pieces: readonly { equipment: string; start: string }[],
  stops: readonly StopSpan[],
): ReadonlySet<number> {
  const indexes = pieces.flatMap((piece, index) =>
    stopAt(stops, piece.equipment, Date.parse(piece.start)) === undefined ? [] : [index],
  );
  return new Set(indexes);
}

/** Return what is chosen after a click on a stop; `isMore`: beside the others, or not any more. */
export function toggled(ids: readonly string[], id: string, isMore: boolean): string[] {
  if (!isMore) return ids.length === 1 && ids[0] === id ? [] : [id];
  return ids.includes(id) ? ids.filter((other) => other !== id) : [...ids, id];
}

export function idsOf(text: string | undefined): string[] {
  return text === undefined ? [] : [...new Set(text.split(",").filter(Boolean))];
}

/** Whether stops are of one machine, each beginning where the one before ends. */
export function areAdjacent(stops: readonly StopSpan[]): boolean {
  const inOrder = stops.toSorted((left, right) => Date.parse(left.start) - Date.parse(right.start));
  return (
    stops.length > 1 &&
    inOrder.every((stop, index) => {
      const before = inOrder[index - 1];
      return (
        before === undefined ||
        (before.equipment === stop.equipment &&
          before.end !== null &&
          Date.parse(before.end) === Date.parse(stop.start))
      );
    })
  );
}

/** Return the instant at which a stop is split at first: where it was clicked, else its middle. */
export function splitInstant(stop: StopSpan, cursorMs: number | undefined, nowMs: number): number {
  const startMs = Date.parse(stop.start);
  const endMs = stop.end === null ? nowMs : Date.parse(stop.end);
  const isInside = cursorMs !== undefined && startMs + 1000 <= cursorMs && cursorMs < endMs;
  return Math.floor((isInside ? cursorMs : (startMs + endMs) / 2) / 1000) * 1000;
}

/** Return the time of day that is offered: of 24 hours, for it is read again. */
export function clockAt(atMs: number, zone: string): string {
  return isoOf(atMs, zone).slice(11, 19);
}

const HOUR_MS = 3_600_000;

/** Return the instant inside a stop at which the clocks of the plant show a time of day. */
export function instantInside(
  stop: StopSpan,
  clock: string,
  nowMs: number,
  clockOf: (atMs: number) => string,
): number | undefined {
  const startMs = Date.parse(stop.start);
  const endMs = stop.end === null ? nowMs : Date.parse(stop.end);
  const seconds = secondsOf(clock);
  if (seconds === undefined) return undefined;
  // The first instant that may show it, then each hour: clock changes move by half hours or hours.
  const shown = secondsOf(clockOf(startMs)) ?? 0;
  const first = Math.floor(startMs / 1000) * 1000 + ((seconds - shown + 86_400) % 86_400) * 1000;
  for (let atMs = first - 2 * HOUR_MS; atMs < endMs; atMs += HOUR_MS / 2) {
    if (atMs > startMs && secondsOf(clockOf(atMs)) === seconds) return atMs;
  }
  return undefined;
}

function secondsOf(clock: string): number | undefined {
  const match = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(clock.trim());
  if (match === null) return undefined;
  return Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3] ?? 0);
}

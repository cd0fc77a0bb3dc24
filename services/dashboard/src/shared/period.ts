/** Periods of the address, and the period before or after one. */
import { addDays, isoOf, localOf } from "./plantTime";

export interface Period {
  start: string;
  end?: string;
}

export const PERIODS = ["shift:current", "shift:previous", "-24h", "-7d", "-28d"] as const;
export type PeriodChoice = (typeof PERIODS)[number];

export interface Span {
  startMs: number;
  endMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const RELATIVE = /^-(\d+)([hdw])$/;

export function isChoice(start: string): start is PeriodChoice {
  return PERIODS.some((known) => known === start);
}

export function isShift(period: Period): boolean {
  return period.start.startsWith("shift:");
}

/** Return the span of a period that the page can compute itself: not of a named shift. */
export function spanOf(period: Period, nowMs: number, zone: string): Span | undefined {
  const endMs = period.end === undefined ? nowMs : Date.parse(period.end);
  if (Number.isNaN(endMs)) return undefined;
  const relative = RELATIVE.exec(period.start);
  if (relative === null) {
    const startMs = Date.parse(period.start);
    return Number.isNaN(startMs) || startMs >= endMs ? undefined : { startMs, endMs };
  }
  const count = Number(relative[1]);
  if (relative[2] === "h") return { startMs: endMs - count * HOUR_MS, endMs };
  return { startMs: addDays(endMs, relative[2] === "w" ? -7 * count : -count, zone), endMs };
}

/** Return the span of the same length before (-1) or after (+1).
 *
 * Days stay days: 06:00 to 06:00 has 23, 24 or 25 hours, as the clocks of the plant go.
 */
export function neighbourOf(span: Span, direction: -1 | 1, zone: string): Span {
  const days = wholeDays(span, zone);
  if (days === undefined) {
    const lengthMs = span.endMs - span.startMs;
    return {
      startMs: span.startMs + direction * lengthMs,
      endMs: span.endMs + direction * lengthMs,
    };
  }
  return direction < 0
    ? { startMs: addDays(span.startMs, -days, zone), endMs: span.startMs }
    : { startMs: span.endMs, endMs: addDays(span.endMs, days, zone) };
}

/** Return the shift before or after a span among those of a list; undefined: there is none. */
export function neighbourShift(
  shifts: readonly Span[],
  span: Span,
  direction: -1 | 1,
): Span | undefined {
  return direction < 0
    ? shifts.findLast(({ endMs }) => endMs <= span.startMs)
    : shifts.find(({ startMs }) => startMs >= span.endMs);
}

/** Return the shift that a name means: `shift:current` runs or was the last, `shift:previous`. */
export function spanOfShift(
  shifts: readonly Span[],
  start: string,
  nowMs: number,
): Span | undefined {
  const begun = shifts.filter(({ startMs }) => startMs <= nowMs);
  if (start === "shift:current") return begun.at(-1);
  return start === "shift:previous" ? begun.at(-2) : undefined;
}

/** Whether a span is that of a shift: then its neighbours are shifts, too. */
export function isSpanOfShift(shifts: readonly Span[], span: Span): boolean {
  return shifts.some(({ startMs, endMs }) => startMs === span.startMs && endMs === span.endMs);
}

/** Write a span as a period of the address, in the time of the plant. */
export function periodOf(span: Span, zone: string): Required<Period> {
  return { start: isoOf(span.startMs, zone), end: isoOf(span.endMs, zone) };
}

/** Return how many days a span has whose ends have the same local time; undefined: no whole days. */
function wholeDays(span: Span, zone: string): number | undefined {
  const days = Math.round((span.endMs - span.startMs) / DAY_MS);
  if (days < 1) return undefined;
  const isSame = localOf(span.startMs, zone).slice(11) === localOf(span.endMs, zone).slice(11);
  return isSame ? days : undefined;
}

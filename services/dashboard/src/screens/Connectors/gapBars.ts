/** Gaps as bars over the last days: each at least visible, none outside. */
import type { Gap } from "../../api/gaps";

export const DAYS = 7;
export const WIDTH = 1000;
const DAY_MS = 86_400_000;
const LEAST = 3; // units of WIDTH: a gap of a second is seen

export interface GapBar {
  gap: Gap;
  x: number;
  width: number;
  seconds: number;
}

export function barsOf(gaps: readonly Gap[], nowMs: number): GapBar[] {
  const startMs = nowMs - DAYS * DAY_MS;
  return gaps.flatMap((gap) => {
    const from = Math.max(Date.parse(gap.start), startMs);
    const to = Math.min(gap.end === null ? nowMs : Date.parse(gap.end), nowMs);
    if (to < startMs || from > nowMs) return [];
    const scale = WIDTH / (DAYS * DAY_MS);
    const width = Math.max((to - from) * scale, LEAST);
    const x = Math.min((from - startMs) * scale, WIDTH - width);
    const whole = (gap.end === null ? nowMs : Date.parse(gap.end)) - Date.parse(gap.start);
    return [{ gap, x, width, seconds: Math.max(0, whole / 1000) }];
  });
}

/** The instants of the marks of the axis, one a day, and where they stand. */
export function marksOf(nowMs: number): { at: number; x: number }[] {
  return Array.from({ length: DAYS + 1 }, (_, day) => ({
    at: nowMs - (DAYS - day) * DAY_MS,
    x: (day / DAYS) * WIDTH,
  }));
}

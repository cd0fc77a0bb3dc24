/** A week of shifts as a picture: a row a day, from midnight to midnight of the plant. */
import { addDays, instantsOf, localOf } from "../../shared/plantTime";

export interface PlannedShift {
  name: string;
  start: string;
  end: string;
  breaks: readonly { start: string; end: string }[];
}
export interface Bar {
  name: string;
  /** Places in the day, as shares of its length. */
  from: number;
  length: number;
  /** The whole shift, also where it is on two days. */
  start: string;
  end: string;
}
export interface DayRow {
  /** As 2026-11-30. */
  day: string;
  /** 23 or 25 where the clocks change. */
  hours: number;
  shifts: Bar[];
  breaks: Bar[];
}
const HOUR_MS = 3_600_000;
const WEEK_DAYS = 7;

/** Return the Monday of the week of a day, both as 2026-11-30. */
export function mondayOf(day: string): string {
  const at = new Date(`${day}T00:00Z`);
  const back = (at.getUTCDay() + 6) % WEEK_DAYS;
  return moved(day, -back);
}

export function moved(day: string, days: number): string {
  const at = new Date(`${day}T00:00Z`);
  return new Date(at.getTime() + days * 24 * HOUR_MS).toISOString().slice(0, 10);
}

/** Return the seven days of a week with the parts of shifts and breaks on each. */
export function weekOf(shifts: readonly PlannedShift[], monday: string, zone: string): DayRow[] {
  const [first = Number.NaN] = instantsOf(`${monday}T00:00`, zone);
  const edges = Array.from({ length: WEEK_DAYS + 1 }, (_, index) => addDays(first, index, zone));
  return Array.from({ length: WEEK_DAYS }, (_, index) => {
    const start = edges[index] ?? first;
    const end = edges[index + 1] ?? first;
    const bars = (spans: readonly { name: string; start: string; end: string }[]) =>
      spans.flatMap((span) => barOf(span, start, end) ?? []);
    return {
      day: localOf(start, zone).slice(0, 10),
      hours: Math.round((end - start) / HOUR_MS),
      shifts: bars(shifts),
      breaks: bars(shifts.flatMap(({ name, breaks }) => breaks.map((one) => ({ name, ...one })))),
    };
  });
}

function barOf(
  span: { name: string; start: string; end: string },
  dayStart: number,
  dayEnd: number,
): Bar | undefined {
  const from = Math.max(Date.parse(span.start), dayStart);
  const to = Math.min(Date.parse(span.end), dayEnd);
  if (from >= to) return undefined;
  const length = dayEnd - dayStart;
  const { name, start, end } = span;
  return { name, from: (from - dayStart) / length, length: (to - from) / length, start, end };
}

/** The planned hours of the week: shifts without their breaks. */
export function plannedHours(rows: readonly DayRow[]): number {
  const sum = (bars: readonly Bar[]) => bars.reduce((total, bar) => total + bar.length, 0);
  return rows.reduce((total, row) => total + (sum(row.shifts) - sum(row.breaks)) * row.hours, 0);
}

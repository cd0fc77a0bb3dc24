/** The worm of a shift: good parts so far, against the pace of the orders with breaks flat. */
import { isOutsidePlan } from "../../shared/states";

export interface Step {
  start: string;
  end: string;
  good: number | null;
}

export interface PacedOrder {
  start: string;
  end: string;
  /** Seconds that the plan allows for a part; null: there is no plan. */
  planned_run_s_per_item: number | null;
}

export interface TimeSpan {
  start: string;
  end: string;
}

interface StatePart {
  start: string;
  end: string | null;
  duration_s: number;
  category: string;
}

/** Return the time in which nothing is planned: breaks, and what lies outside the shifts. */
export function breaksOf(pieces: readonly StatePart[]): TimeSpan[] {
  return pieces
    .filter(({ category }) => isOutsidePlan(category))
    .map(({ start, end, duration_s }) => ({
      start,
      end: end ?? new Date(Date.parse(start) + duration_s * 1000).toISOString(),
    }));
}

export interface Point {
  atMs: number;
  value: number;
}

/** Return the good parts so far at the end of each step that has begun by now. */
export function actualOf(steps: readonly Step[], nowMs: number): Point[] {
  const known = steps.filter(({ start, good }) => good !== null && Date.parse(start) < nowMs);
  const first = known[0];
  if (first === undefined) return [];
  let sum = 0;
  const points: Point[] = [{ atMs: Date.parse(first.start), value: 0 }];
  for (const { end, good } of known) {
    sum += good ?? 0;
    points.push({ atMs: Math.min(Date.parse(end), nowMs), value: sum });
  }
  return points;
}

/** Return the parts that the orders' pace would have given; flat in breaks and between orders. */
export function paceOf(orders: readonly PacedOrder[], breaks: readonly TimeSpan[]): Point[] {
  const paced = orders
    .filter((order) => (order.planned_run_s_per_item ?? 0) > 0)
    .toSorted((left, right) => Date.parse(left.start) - Date.parse(right.start));
  const points: Point[] = [];
  let sum = 0;
  let doneMs = Number.NEGATIVE_INFINITY;
  for (const order of paced) {
    // Of orders that overlap the machine has one at a time: the later one begins where it ends.
    const startMs = Math.max(Date.parse(order.start), doneMs);
    const endMs = Date.parse(order.end);
    if (endMs <= startMs) continue;
    points.push({ atMs: startMs, value: sum });
    for (const part of workOf(startMs, endMs, breaks)) {
      if (part.startMs > startMs) points.push({ atMs: part.startMs, value: sum });
      sum += (part.endMs - part.startMs) / 1000 / (order.planned_run_s_per_item ?? 1);
      points.push({ atMs: part.endMs, value: sum });
    }
    doneMs = endMs;
  }
  return points;
}

/** Return the value of a line at an instant; undefined: it has not begun. */
export function valueAt(points: readonly Point[], atMs: number): number | undefined {
  const left = points.findLast((point) => point.atMs <= atMs);
  const right = points.find((point) => point.atMs > atMs);
  if (left === undefined) return undefined;
  if (right === undefined) return left.value;
  const share = (atMs - left.atMs) / (right.atMs - left.atMs);
  return left.value + share * (right.value - left.value);
}

function workOf(startMs: number, endMs: number, breaks: readonly TimeSpan[]) {
  const parts: { startMs: number; endMs: number }[] = [];
  let from = startMs;
  const sorted = breaks.toSorted((a, b) => Date.parse(a.start) - Date.parse(b.start));
  for (const { start, end } of sorted) {
    const breakStart = Math.max(Date.parse(start), from);
    const breakEnd = Math.min(Date.parse(end), endMs);
    if (breakEnd <= breakStart) continue;
    if (breakStart > from) parts.push({ startMs: from, endMs: breakStart });
    from = breakEnd;
  }
  if (endMs > from) parts.push({ startMs: from, endMs });
  return parts;
}

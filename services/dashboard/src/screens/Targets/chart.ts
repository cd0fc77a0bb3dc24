/** Places of the index chart: changes by month, the path, the goal, the forecast; days are local. */
import type { Target } from "../../api/targets";

export const MARGIN = { top: 12, right: 16, bottom: 24, left: 56 } as const;
const DAY_MS = 86_400_000;
const TICK_MIN_PX = 72;
const MONTHS = [1, 2, 3, 6, 12, 24, 60, 120] as const;
const DAYS = [1, 2, 7, 14] as const;
const SHARES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10] as const;
const SHARE_TICKS = 6;
const ROOM = 0.06; // above and below the lines

export interface Spot {
  x: number;
  y: number;
}
export interface Mark {
  /** As 2026-11-30. */
  day: string;
  x: number;
}
export interface IndexPicture {
  points: (Spot & { index: number })[];
  /** Runs of months with a value: a month without one is a gap. */
  runs: Spot[][];
  path: Spot[];
  goalY: number;
  zeroY: number;
  due: Spot;
  now: Spot | undefined;
  forecast: { at: Spot; lowY: number; highY: number } | undefined;
  days: Mark[];
  shares: { share: number; y: number }[];
}

type Shown = Pick<
  Target,
  "series" | "goal" | "due_on" | "steps" | "path" | "baseline" | "forecast" | "now_end" | "change"
>;

/** Return the local day of an instant that has its zone's offset, in milliseconds. */
export function dayMs(text: string): number {
  return Date.parse(text.slice(0, 10));
}

export function pictureOf(target: Shown, width: number, height: number): IndexPicture {
  const { series, goal, forecast } = target;
  const startMs = dayMs(target.baseline.end);
  const endMs = Math.max(
    startMs + DAY_MS,
    dayMs(target.due_on),
    dayMs(target.now_end),
    forecast === null ? 0 : dayMs(forecast.on),
  );
  const changes = series.flatMap(({ change }) => (change === null ? [] : [change]));
  const values = [0, goal, target.change ?? 0, ...changes];
  if (forecast !== null) values.push(forecast.low, forecast.high);
  const room = (Math.max(...values) - Math.min(...values)) * ROOM;
  const low = Math.min(...values) - room;
  const high = Math.max(...values) + room;
  const inside = {
    width: Math.max(width - MARGIN.left - MARGIN.right, 1),
    height: height - MARGIN.top - MARGIN.bottom,
  };
  const x = (ms: number) =>
    MARGIN.left + (Math.max(ms - startMs, 0) / (endMs - startMs)) * inside.width;
  const y = (value: number) => MARGIN.top + ((high - value) / (high - low)) * inside.height;
  const points = series.flatMap((point, index) =>
    point.change === null ? [] : [{ x: x(dayMs(point.end)), y: y(point.change), index }],
  );
  return {
    points,
    runs: runsOf(points),
    path: pathOf(target).map(({ ms, change }) => ({ x: x(ms), y: y(change) })),
    goalY: y(goal),
    zeroY: y(0),
    due: { x: x(dayMs(target.due_on)), y: y(goal) },
    now: target.change === null ? undefined : { x: x(dayMs(target.now_end)), y: y(target.change) },
    forecast:
      forecast === null
        ? undefined
        : {
            at: { x: x(dayMs(forecast.on)), y: y(forecast.change) },
            lowY: y(forecast.low),
            highY: y(forecast.high),
          },
    days: daysOf(startMs, endMs, inside.width).map((ms) => ({
      day: new Date(ms).toISOString().slice(0, 10),
      x: x(ms),
    })),
    shares: sharesOf(low, high).map((share) => ({ share, y: y(share) })),
  };
}

/** Cut the line where a month has no value. */
function runsOf(points: readonly (Spot & { index: number })[]): Spot[][] {
  const runs: Spot[][] = [];
  let before = Number.NaN;
  for (const { index, ...spot } of points) {
    const run = runs.at(-1);
    if (run === undefined || index !== before + 1) runs.push([spot]);
    else run.push(spot);
    before = index;
  }
  return runs;
}

/** The path as the API gives it: at the end of each month, then at the due date; steps stand. */
function pathOf(target: Shown): { ms: number; change: number }[] {
  const start = { ms: dayMs(target.baseline.end), change: 0 };
  const due = { ms: dayMs(target.due_on), change: target.goal };
  if (target.path !== "steps") {
    const past = target.series
      .map((point) => ({ ms: dayMs(point.end), change: point.path_change }))
      .filter(({ ms }) => start.ms < ms && ms < due.ms);
    return [start, ...past, due];
  }
  const corners = [start];
  for (const step of [...target.steps.map(stepOf), due]) {
    corners.push({ ms: step.ms, change: corners.at(-1)?.change ?? 0 }, step);
  }
  return corners;
}

function stepOf(step: { due_on: string; change: number }) {
  return { ms: dayMs(step.due_on), change: step.change };
}

/** Round days: the first of months, or single days where the chart spans a few weeks. */
function daysOf(startMs: number, endMs: number, width: number): number[] {
  const room = Math.max(Math.floor(width / TICK_MIN_PX), 1);
  const days = (endMs - startMs) / DAY_MS;
  const stepDays = DAYS.find((step) => days / step <= room);
  if (stepDays !== undefined) {
    return Array.from(
      { length: Math.floor(days / stepDays) + 1 },
      (_, index) => startMs + index * stepDays * DAY_MS,
    );
  }
  const first = new Date(startMs);
  const months = days / 30.4;
  const step = MONTHS.find((one) => months / one <= room) ?? 120;
  const marks: number[] = [];
  for (let month = 0; ; month += 1) {
    const ms = Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + month, 1);
    if (ms > endMs) return marks;
    const count = new Date(ms).getUTCFullYear() * 12 + new Date(ms).getUTCMonth();
    if (ms >= startMs && count % step === 0) marks.push(ms);
  }
}

function sharesOf(low: number, high: number): number[] {
  const step = SHARES.find((one) => (high - low) / one <= SHARE_TICKS) ?? high - low;
  const first = Math.ceil(low / step);
  const last = Math.floor(high / step);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

/** The geometry of a projection: stock as a line, arrivals and demand as bars, by day. */
import type { ProjectedColumns } from "../../api/warehouse";

export const WIDTH = 1080;
export const HEIGHT = 240;
const LEFT = 80;
const TOP = 12;
const BOTTOM = 28;
const TICKS = 4;

export interface Bar {
  x: number;
  y: number;
  height: number;
}

export interface ProjectionShape {
  /** Pixels of a day, and of the bars in it. */
  dayWidth: number;
  barWidth: number;
  left: number;
  zero: number;
  line: string;
  inTransit: Bar[];
  calledOff: Bar[];
  demand: Bar[];
  /** Top of the band up to the minimum; undefined: there is none. */
  minimumY: number | undefined;
  ticks: { value: number; y: number }[];
  isUnknown: boolean;
}

/** Return where everything of the projection is drawn. */
export function shapeOf(columns: ProjectedColumns, minimum: number): ProjectionShape {
  const count = Math.max(columns.day.length, 1);
  const levels = [...columns.opening, ...columns.closing].filter((one) => one !== null);
  const arrivals = columns.in_transit.map((one, day) => one + (columns.called_off[day] ?? 0));
  const high = niceAbove(Math.max(0, minimum, ...levels, ...arrivals, ...columns.demand));
  // What is missing goes down without end: the stock that there is stays readable.
  const missing = niceAbove(-Math.min(0, ...levels));
  const low = -(high > 0 ? Math.min(missing, high) : missing);
  const scale = (HEIGHT - TOP - BOTTOM) / Math.max(high - low, 1);
  const y = (value: number) => TOP + (high - value) * scale;
  const dayWidth = (WIDTH - LEFT) / count;
  const barWidth = Math.min(dayWidth / 3, 12);
  const zero = y(0);
  const bars = (values: readonly number[], below: readonly number[], offset: number) =>
    values.flatMap((value, day) => {
      if (value <= 0) return [];
      const base = below[day] ?? 0;
      const top = y(base + value);
      return [{ x: LEFT + day * dayWidth + offset, y: top, height: y(base) - top }];
    });
  const start = dayWidth / 2 - barWidth;
  return {
    dayWidth,
    barWidth,
    left: LEFT,
    zero,
    line: lineOf(columns, (day) => LEFT + day * dayWidth, y),
    inTransit: bars(columns.in_transit, [], start),
    calledOff: bars(columns.called_off, columns.in_transit, start),
    demand: bars(columns.demand, [], start + barWidth),
    minimumY: minimum > 0 ? y(minimum) : undefined,
    ticks: ticksOf(low, high).map((value) => ({ value, y: y(value) })),
    isUnknown: levels.length === 0,
  };
}

/** The stock through the days: what arrives is there at the start of its day. */
function lineOf(
  columns: ProjectedColumns,
  x: (day: number) => number,
  y: (value: number) => number,
): string {
  const points = columns.opening.flatMap((opening, day) => {
    const closing = columns.closing[day] ?? null;
    if (opening === null || closing === null) return [];
    const arrived = (columns.in_transit[day] ?? 0) + (columns.called_off[day] ?? 0);
    return [
      `${round(x(day))},${round(y(opening))}`,
      `${round(x(day))},${round(y(opening + arrived))}`,
      `${round(x(day + 1))},${round(y(closing))}`,
    ];
  });
  return points.join(" ");
}

function ticksOf(low: number, high: number): number[] {
  const step = niceAbove((high - low) / TICKS);
  if (step === 0) return [0];
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return Array.from({ length: count }, (_, index) => (first + index) * step);
}

/** The next of 1, 2, 2.5, 5 times a power of ten. */
export function niceAbove(value: number): number {
  if (value <= 0) return 0;
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 2.5, 5, 10].find((one) => one * power >= value - 1e-9) ?? 10;
  return factor * power;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** The samples of a signal as columns over time, as the chart draws them. */
import {
  type Gap,
  isWindow,
  type Sample,
  type SignalSamples,
  type Window,
} from "../../api/samples";

/** A number; null: the line breaks here; undefined: nothing is known of this instant. */
export type Cell = number | null | undefined;

export interface Columns {
  /** Epoch seconds, ascending, each once. */
  x: number[];
  /** The mean of a window, or the value of a sample. */
  line: Cell[];
  min: Cell[];
  max: Cell[];
  /** Where data of bad quality came: the value, or the last good one before it. */
  bad: Cell[];
  /** Samples hold until the next one; means of windows are joined. */
  isStepped: boolean;
}

export interface Pause {
  startS: number;
  endS: number;
}

interface Point {
  x: number;
  line: Cell;
  min?: Cell;
  max?: Cell;
  bad?: Cell;
}

const INSTANT_S = 0.001;

/** Return the gaps of a signal as spans of epoch seconds; an open gap lasts to `endS`. */
export function pausesOf(gaps: readonly Gap[], connector: string, key: string, endS: number) {
  return gaps
    .filter(({ connector_id, signal_keys, backfilled }) => {
      const isNamed = signal_keys.length === 0 || signal_keys.includes(key);
      return connector_id === connector && isNamed && !backfilled;
    })
    .map(
      ({ start, end }): Pause => ({
        startS: secondsOf(start),
        endS: end === null ? endS : secondsOf(end),
      }),
    )
    .filter(({ startS, endS: end }) => end > startS);
}

/** Return the columns of a signal. A bad sample ends the line, and so does a gap. */
export function columnsOf(
  { items }: Pick<SignalSamples, "items">,
  pauses: readonly Pause[],
): Columns {
  const isStepped = !items.some(isWindow);
  const points: Point[] = [];
  let last: number | undefined;
  for (const item of items) {
    const point = isWindow(item) ? ofWindow(item, last) : ofSample(item, last);
    if (typeof point.line === "number") last = point.line;
    points.push(point);
  }
  for (const { startS, endS } of pauses) {
    const before = points.findLast(({ x }) => x < startS);
    const isInside = points.some(({ x }) => x > startS && x <= endS);
    const held = isStepped && typeof before?.line === "number" ? before.line : undefined;
    if (held !== undefined) points.push({ x: startS, line: held }); // a sample holds until there
    points.push({ x: startS + INSTANT_S, line: null, min: null, max: null });
    if (isInside) points.push({ x: endS - INSTANT_S, line: null, min: null, max: null });
    points.sort((left, right) => left.x - right.x);
  }
  return { ...tableOf(points), isStepped };
}

function ofSample({ at, value, quality }: Sample, last: number | undefined): Point {
  const x = secondsOf(at);
  const isNumber = value !== null && Number.isFinite(value);
  if (quality === "bad") return { x, line: null, bad: isNumber ? value : last };
  return { x, line: isNumber ? value : null, bad: null };
}

function ofWindow(window: Window, last: number | undefined): Point {
  const { start, end, avg, min, max, bad_count: badCount } = window;
  const x = (secondsOf(start) + secondsOf(end)) / 2;
  const bad = badCount > 0 ? (avg ?? last) : null;
  // A window with bad samples alone is a hole in the line.
  return { x, line: avg ?? null, min: min ?? null, max: max ?? null, bad };
}

function tableOf(points: readonly Point[]): Omit<Columns, "isStepped"> {
  const unique = points.filter(({ x }, n) => x !== points[n + 1]?.x); // of the same time the last
  return {
    x: unique.map(({ x }) => x),
    line: unique.map(({ line }) => line),
    min: unique.map(({ min }) => min),
    max: unique.map(({ max }) => max),
    bad: unique.map(({ bad }) => bad),
  };
}

function secondsOf(at: string): number {
  return Date.parse(at) / 1000;
}

export interface Reading {
  value: number | null;
  text: string | null;
  min?: number;
  max?: number;
  quality: string;
}

/** Return what a signal was at an instant: the sample that holds then, or the window around it.
 *
 * A sample holds until the next gap: inside of it and after it nothing is known until a new one.
 */
export function readingAt(
  items: readonly (Sample | Window)[],
  atMs: number,
  pauses: readonly Pause[] = [],
): Reading | undefined {
  const item = items.findLast((one) => Date.parse(isWindow(one) ? one.start : one.at) <= atMs);
  if (item === undefined) return undefined;
  const atS = atMs / 1000;
  const isLost = pauses.some(({ startS, endS }) =>
    isWindow(item)
      ? startS <= atS && atS < endS
      : startS <= atS && (atS < endS || secondsOf(item.at) <= startS),
  );
  if (isLost) return undefined;
  if (!isWindow(item)) return { value: item.value, text: item.text, quality: item.quality };
  if (Date.parse(item.end) <= atMs) return undefined;
  return {
    value: item.avg ?? null,
    text: null,
    quality: (item.count ?? 0) === 0 ? "bad" : "good",
    ...(typeof item.min === "number" ? { min: item.min } : {}),
    ...(typeof item.max === "number" ? { max: item.max } : {}),
  };
}

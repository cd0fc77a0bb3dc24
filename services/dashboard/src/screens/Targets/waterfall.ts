/** The gap to the goal, divided: bars that begin at today's change and end at the goal. */
import type { Contribution } from "../../api/targets";

export const DIVISIONS = ["loss", "plant", "line"] as const;
export type Division = (typeof DIVISIONS)[number];
export const ROWS_MAX = 10;

/** What one plant, line or loss adds to the gap, and has changed since the baseline. */
export interface Part {
  /** Undefined: what has no plant or line, such as staffing. */
  name: string | undefined;
  gapPoints: number;
  changePoints: number;
}

export interface Bar {
  kind: "now" | "part" | "rest" | "goal";
  part?: Part;
  points: number;
  /** Place of the bar, as shares of the width. */
  from: number;
  length: number;
}

export function isDivision(text: string | undefined): text is Division {
  return DIVISIONS.some((one) => one === text);
}

/** Add up the contributions by plant, line or loss; the largest part of the gap comes first. */
export function partsBy(contributions: readonly Contribution[], by: Division): Part[] {
  const parts = new Map<string, Part>();
  for (const one of contributions) {
    const name = one[by] ?? undefined;
    const part = parts.get(name ?? "") ?? { name, gapPoints: 0, changePoints: 0 };
    part.gapPoints += one.gap_points;
    part.changePoints += one.change_points;
    parts.set(name ?? "", part);
  }
  return [...parts.values()].sort((left, right) => right.gapPoints - left.gapPoints);
}

/** Return the bars from today's change to the goal, in points; the last part sums up the smallest. */
export function waterfallOf(
  parts: readonly Part[],
  nowPoints: number,
  goalPoints: number,
  rowsMax = ROWS_MAX,
): Bar[] {
  const { shown, rest } = split(parts, rowsMax);
  const steps: Pick<Bar, "kind" | "part" | "points">[] = [
    ...shown.map((part) => ({ kind: "part" as const, part, points: part.gapPoints })),
    ...(rest.length === 0
      ? []
      : [{ kind: "rest" as const, points: rest.reduce((sum, part) => sum + part.gapPoints, 0) }]),
  ];
  const ends = [nowPoints];
  for (const step of steps) ends.push((ends.at(-1) ?? 0) + step.points);
  const low = Math.min(0, goalPoints, ...ends);
  const high = Math.max(0, goalPoints, ...ends);
  const scale = high > low ? 1 / (high - low) : 0;
  const bar = (first: number, last: number) => ({
    from: (Math.min(first, last) - low) * scale,
    length: Math.abs(last - first) * scale,
  });
  return [
    { kind: "now", points: nowPoints, ...bar(0, nowPoints) },
    ...steps.map((step, index) => ({
      ...step,
      ...bar(ends[index] ?? 0, ends[index + 1] ?? 0),
    })),
    { kind: "goal", points: goalPoints, ...bar(0, goalPoints) },
  ];
}

/** The parts that get a row: the largest by size, in the order that they have. */
function split(parts: readonly Part[], rowsMax: number) {
  if (parts.length <= rowsMax) return { shown: parts, rest: [] };
  const sizes = parts.map((part) => Math.abs(part.gapPoints)).sort((left, right) => right - left);
  const least = sizes[rowsMax - 2] ?? 0;
  const shown: Part[] = [];
  const rest: Part[] = [];
  for (const part of parts) {
    const isLarge = Math.abs(part.gapPoints) >= least && shown.length < rowsMax - 1;
    (isLarge ? shown : rest).push(part);
  }
  return { shown, rest };
}

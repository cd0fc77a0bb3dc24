/** The hours of a heat map: a column for each hour, a row for each equipment. */
import type { HourValue } from "../../api/kpis";

const BANDS = ["b0", "b1", "b2", "b3", "b4"] as const;
export type Band = (typeof BANDS)[number];
export interface HourTable {
  starts: readonly string[];
  valueOf: (equipment: string, start: string) => HourValue | undefined;
}

/** Of an hour in which nothing was planned. */
export const NOT_PLANNED = "reason.no_busy_time";
const EDGES = [0.4, 0.55, 0.7, 0.85] as const;

export function hoursOf(values: readonly HourValue[]): HourTable {
  const found = new Map(values.map((value) => [keyOf(value.equipment, value.start), value]));
  const starts = new Map(values.map(({ start }) => [Date.parse(start), start]));
  return {
    starts: [...starts].toSorted(([left], [right]) => left - right).map(([, start]) => start),
    valueOf: (equipment, start) => found.get(keyOf(equipment, start)),
  };
}

/** Return how strong the colour of a cell is: the lower its OEE, the stronger. */
export function bandOf(oee: number): Band {
  const above = EDGES.filter((edge) => oee >= edge).length;
  return BANDS[above] ?? "b0";
}

function keyOf(equipment: string | null | undefined, start: string): string {
  return `${equipment} ${Date.parse(start)}`;
}

/** In what losses are shown: hours, shares of the planned busy time, or money. */
import type { LossRow } from "../../api/losses";

export const UNITS = ["h", "share", "cost"] as const;
export type Unit = (typeof UNITS)[number];

export function isUnit(text: string | undefined): text is Unit {
  return UNITS.some((known) => known === text);
}

/** What a row is as long as in a unit, now and before; null: it is not known. */
export function lengthsOf(row: LossRow, unit: Unit): { now: number | null; before: number | null } {
  const { compared } = row;
  switch (unit) {
    case "h":
      return { now: row.seconds, before: compared?.seconds ?? null };
    case "share":
      return { now: row.busy_share, before: compared?.busy_share ?? null };
    case "cost":
      return { now: costOf(row), before: null };
  }
}

/** Return what the rows of all lengths are drawn against. */
export function longestOf(rows: readonly LossRow[], unit: Unit): number {
  const lengths = rows.map((row) => lengthsOf(row, unit));
  return Math.max(0, ...lengths.flatMap(({ now, before }) => [now ?? 0, before ?? 0]));
}

/** Money of one currency can be compared; of several, it cannot. */
function costOf(row: LossRow): number | null {
  const [first, second] = row.costs;
  return first === undefined || second !== undefined ? null : first.amount;
}

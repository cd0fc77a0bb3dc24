/** What a comparison of two mappings says in few numbers. */
import type { MappingDiff } from "../../api/mappings";

export type KpiChange = MappingDiff["kpis"][number];

/** KPIs that people know come first, then those that change most. */
const FIRST: readonly string[] = ["oee", "availability", "effectiveness", "quality_ratio"];

/** How many values and records a mapping accepts that are refused today, and the reverse. */
export function passing(diff: MappingDiff): { accepted: number; refused: number } {
  const changes = diff.refused.map(({ before, after }) => before - after);
  return {
    accepted: changes.reduce((sum, change) => sum + Math.max(0, change), 0),
    refused: changes.reduce((sum, change) => sum + Math.max(0, -change), 0),
  };
}

export function kpiChanges(diff: MappingDiff): KpiChange[] {
  return [...diff.kpis].sort(
    (left, right) => rank(left) - rank(right) || difference(right) - difference(left),
  );
}

function rank({ kpi }: KpiChange): number {
  const at = FIRST.indexOf(kpi);
  return at < 0 ? FIRST.length : at;
}

function difference({ before, after }: KpiChange): number {
  return Math.abs((after ?? 0) - (before ?? 0));
}

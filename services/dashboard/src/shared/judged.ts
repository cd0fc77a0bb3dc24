/** KPIs of a period of which something could be judged: else there is no value, and no 0.0%. */
import type { Schemas } from "../api/client";

type Kpis = Schemas["OverviewKpisView"];
export const JUDGED_KPIS = ["oee", "availability", "effectiveness", "quality_ratio"] as const;
export type JudgedKpi = (typeof JUDGED_KPIS)[number];

/** Return a KPI; null: nothing was planned so far, or no state of it is known. */
export function judged(kpis: Kpis, name: JudgedKpi): number | null {
  return isJudged(kpis) ? kpis[name] : null;
}

export function isJudged(kpis: Kpis): boolean {
  return kpis.judged_share !== null && kpis.judged_share > 0;
}

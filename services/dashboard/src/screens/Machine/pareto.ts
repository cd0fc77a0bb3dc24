/** The Pareto of stops: what took most time, or came most often, with or without short stops. */

export interface LossRow {
  category: string | null;
  reason: string | null;
  seconds: number;
  stops: number;
}

export interface ParetoRow {
  key: string;
  category: string;
  reason: string | null;
  seconds: number;
  stops: number;
  /** Of the longest bar. */
  length: number;
  /** Of all that is shown, this row and those above. */
  cumulative: number;
}

export type By = "seconds" | "stops";
export const SHORT_STOPS = "minor_stop";

/** Return the rows that have stops, the greatest first: of all, whatever is shown of them. */
export function paretoOf(rows: readonly LossRow[], by: By, hasShort: boolean): ParetoRow[] {
  const shown = rows
    .filter((row) => row.stops > 0 && (hasShort || row.category !== SHORT_STOPS))
    .toSorted((left, right) => right[by] - left[by]);
  const greatest = shown[0]?.[by] ?? 0;
  const whole = shown.reduce((sum, row) => sum + row[by], 0);
  if (greatest <= 0) return [];
  let sum = 0;
  return shown.map(({ category, reason, seconds, stops }) => {
    const value = by === "seconds" ? seconds : stops;
    sum += value;
    return {
      key: `${category} ${reason}`,
      category: category ?? "",
      reason,
      seconds,
      stops,
      length: value / greatest,
      cumulative: sum / whole,
    };
  });
}

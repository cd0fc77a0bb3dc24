import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { COMPUTED_S, LIST_S, polled } from "./polling";

export type LossRow = Schemas["LossRowView"];
export type LossRanking = Schemas["LossRankingView"];

export interface LossQuery {
  under: readonly string[];
  groupBy: readonly string[];
  start: string;
  end?: string;
}
const GROUPS_MAX = 1000;

/** The losses of equipment, the greatest group first, beside those of the period before. */
export function losses({ under, groupBy, start, end }: LossQuery) {
  return queryOptions({
    queryKey: ["losses", under, groupBy, start, end],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/losses", {
          signal,
          params: {
            query: {
              under: [...under],
              group_by: [...groupBy],
              start,
              ...(end === undefined ? {} : { end }),
              compare: "previous",
              kind: ["loss"],
              limit: GROUPS_MAX,
            },
          },
        }),
      ),
    ...polled(LIST_S),
  });
}

/** The address of the same as a file. */
export function lossesAddress({ under, groupBy, start, end }: LossQuery): string {
  const query = new URLSearchParams({
    group_by: groupBy.join(","),
    start,
    ...(end === undefined ? {} : { end }),
    compare: "previous",
    kind: "loss",
    format: "csv",
    limit: String(GROUPS_MAX),
  });
  for (const path of under) query.append("under", path);
  return `/api/v1/losses?${query}`;
}

export type SupplyCaused = Schemas["SupplyCausedDowntimeView"];

/** The downtime that late deliveries caused, with the chain to each, and what has no such cause. */
export function supplyCaused({ under, start, end }: Omit<LossQuery, "groupBy">, limit: number) {
  return queryOptions({
    queryKey: ["losses", "supply-caused", under, start, end, limit],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/losses/supply-caused", {
          signal,
          params: {
            query: { under: [...under], start, ...(end === undefined ? {} : { end }), limit },
          },
        }),
      ),
    ...polled(COMPUTED_S),
  });
}

import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { LIST_S, polled } from "./polling";

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

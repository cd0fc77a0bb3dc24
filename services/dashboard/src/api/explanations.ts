import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { LIST_S, polled } from "./polling";

export type Explanation = Schemas["ExplanationView"];

/** Where a KPI of a period comes from: formula, sums, machines, gaps, doubts, mappings. */
export function explanation(equipment: string, kpi: string, start: string, end?: string) {
  return queryOptions({
    queryKey: ["kpi_values", "explain", equipment, kpi, start, end],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/kpi_values/explain", {
          signal,
          params: { query: { equipment, kpi, start, ...(end === undefined ? {} : { end }) } },
        }),
      ),
    ...polled(LIST_S),
  });
}

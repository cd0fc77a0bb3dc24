import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { COMPUTED_S, LIVE_S, polled } from "./polling";

export type Overview = Schemas["OverviewView"];
export type OverviewItem = Schemas["OverviewItemView"];
export type Depth = "plant" | "line" | "machine";

export function overview(under: string, depth: Depth) {
  return queryOptions({
    queryKey: ["overview", under, depth],
    queryFn: ({ signal }) =>
      bodyOf(api.GET("/api/v1/overview", { signal, params: { query: { under, depth } } })),
    // Of machines it is what they did so far; what goes on now, their line says.
    ...polled(depth === "machine" ? COMPUTED_S : LIVE_S),
  });
}

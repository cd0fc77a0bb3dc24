import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { LIST_S, polled } from "./polling";

export type Finding = Schemas["FindingView"];

export function openFindings(limit: number) {
  return queryOptions({
    queryKey: ["findings", "open", limit],
    queryFn: ({ signal }) =>
      bodyOf(api.GET("/api/v1/findings", { signal, params: { query: { open: true, limit } } })),
    ...polled(LIST_S),
  });
}

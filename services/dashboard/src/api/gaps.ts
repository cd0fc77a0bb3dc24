import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { LIST_S, polled } from "./polling";

export type Gap = Schemas["GapView"];

const SHOWN = 500;

/** The gaps of a connector that overlap the time since `start`, the newest first. */
export function gapsOf(connector: string, start: string) {
  return queryOptions({
    queryKey: ["gaps", connector, start],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/gaps", {
          signal,
          params: { query: { connector: [connector], start, limit: SHOWN } },
        }),
      ),
    ...polled(LIST_S),
  });
}

/** The same list as CSV. */
export function gapsCsv(connector: string, start: string): string {
  const query = new URLSearchParams({ connector, start, limit: "1000", format: "csv" });
  return `/api/v1/gaps?${query}`;
}

import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { LIST_S, polled } from "./polling";

export type ShortageWarning = Schemas["ShortageWarningView"];
export type SupplyCausedDowntime = Schemas["SupplyCausedDowntimeView"];

export function shortageWarnings(under: string) {
  return queryOptions({
    queryKey: ["shortage_warnings", under],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/shortage_warnings", { signal, params: { query: { under: [under] } } }),
      ),
    ...polled(LIST_S),
  });
}

export function supplyCausedLosses(under: string, start: string, limit: number) {
  return queryOptions({
    queryKey: ["losses", "supply-caused", under, start, limit],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/losses/supply-caused", {
          signal,
          params: { query: { under: [under], start, limit } },
        }),
      ),
    ...polled(LIST_S),
  });
}

/** What late deliveries stopped between two instants, with call-off, shipments and messages. */
export function supplyCausedBetween(under: string, start: string, end: string) {
  return queryOptions({
    queryKey: ["losses", "supply-caused", under, start, end, 20],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/losses/supply-caused", {
          signal,
          params: { query: { under: [under], start, end, limit: 20 } },
        }),
      ),
    ...polled(LIST_S),
  });
}

import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { LIVE_S, polled } from "./polling";

export type Stop = Schemas["StopView"];

/** The stops of all machines below an equipment that go on, the longest first. */
export function openStops(under: string, limit: number) {
  return queryOptions({
    queryKey: ["stops", "open", under, limit],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/stops", {
          signal,
          params: { query: { under: [under], open: true, sort: "-duration_s", limit } },
        }),
      ),
    ...polled(LIVE_S),
  });
}

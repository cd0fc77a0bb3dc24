import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf } from "./client";
import { NAMES_S } from "./polling";

/** An event with its raw message; it does not change, but may be withdrawn. */
export function eventWithRaw(eventId: string) {
  return queryOptions({
    queryKey: ["events", eventId],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/events/{event_id}", { signal, params: { path: { event_id: eventId } } }),
      ),
    staleTime: NAMES_S * 1000,
  });
}

import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { NAMES_S } from "./polling";

export type EventDetail = Schemas["EventDetailView"];

/** An event with its raw message; it does not change, but may be withdrawn. */
export function eventOf(id: string) {
  return queryOptions({
    queryKey: ["events", id],
    queryFn: ({ signal }) =>
      bodyOf(api.GET("/api/v1/events/{event_id}", { signal, params: { path: { event_id: id } } })),
    staleTime: NAMES_S * 1000,
  });
}

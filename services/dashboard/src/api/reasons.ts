import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { NAMES_S, polled } from "./polling";

export type Reason = Schemas["ReasonView"];
export type ReasonKind = "stop" | "scrap";

/** The reasons of a plant: the standard of the group and its own, in the order of the tree. */
export function reasonsOf(plant: string, kind: ReasonKind) {
  return queryOptions({
    queryKey: ["reasons", plant, kind],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/reasons", {
          signal,
          params: { query: { under: plant, kind: [kind], limit: 1000 } },
        }),
      ),
    ...polled(NAMES_S),
  });
}

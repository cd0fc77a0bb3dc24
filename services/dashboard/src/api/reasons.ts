import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { NAMES_S, polled } from "./polling";

export type Reason = Schemas["ReasonView"];
export type ReasonKind = "stop" | "scrap";

/** The reasons of a plant: the standard of the group and its own, in the order of the tree.
 *
 * Retired ones are among them: what was given before has their names. Without a plant: all.
 */
export function reasonsOf(plant: string | undefined, kind: ReasonKind) {
  const under = plant === undefined ? {} : { under: plant };
  return queryOptions({
    queryKey: ["reasons", plant, kind],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/reasons", {
          signal,
          params: { query: { ...under, kind: [kind], retired: true, limit: 1000 } },
        }),
      ),
    ...polled(NAMES_S),
  });
}

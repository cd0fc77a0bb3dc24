/** Reasons as the settings change them: also those that are retired, and the codes of machines. */
import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { LIST_S, polled } from "./polling";

export type ReasonChange = Schemas["ReasonChange"];
export type ReasonCode = Schemas["ReasonCodeView"];
export type NewReasonCode = Schemas["NewReasonCode"];
const ROWS = 1000;

/** What a change of a reason makes old: stops and losses have it, too. */
export const REASON_KEYS = [
  ["reasons"],
  ["reason_tree"],
  ["reason_codes"],
  ["losses"],
  ["stops"],
  ["audit"],
] as const;

/** The standard of the group, and of a plant its own reasons, too, in the order of the tree. */
export function reasonTree(plant: string | undefined, kind: "stop" | "scrap") {
  return queryOptions({
    queryKey: ["reason_tree", plant, kind],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/reasons", {
          signal,
          params: {
            query: {
              kind: [kind],
              retired: true,
              limit: ROWS,
              ...(plant === undefined ? {} : { under: plant }),
            },
          },
        }),
      ),
    ...polled(LIST_S),
  });
}

export function reasonCodes(under: string) {
  return queryOptions({
    queryKey: ["reason_codes", under],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/reason_codes", {
          signal,
          params: { query: { under: [under], limit: ROWS } },
        }),
      ),
    ...polled(LIST_S),
  });
}

export async function setReason(code: string, body: ReasonChange): Promise<Schemas["ReasonView"]> {
  return bodyOf(api.PUT("/api/v1/reasons/{code}", { params: { path: { code } }, body }));
}

/** Put siblings into an order, in one change. */
export async function orderReasons(plant: string | null, codes: string[]): Promise<void> {
  await bodyOf(api.POST("/api/v1/reasons:order", { body: { plant, codes } }));
}

export async function setReasonCode(equipment: string, body: NewReasonCode): Promise<void> {
  const path = { path: equipment };
  await bodyOf(api.PUT("/api/v1/reason_codes/{path}", { params: { path }, body }));
}

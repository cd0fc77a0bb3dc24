import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { LIST_S, polled } from "./polling";

export type Finding = Schemas["FindingView"];

/** The findings that are open: of everything, or of a supplier. */
export function openFindings(limit: number, supplier?: string) {
  const query = { open: true, limit, ...(supplier === undefined ? {} : { supplier: [supplier] }) };
  return queryOptions({
    queryKey: ["findings", "open", limit, supplier],
    queryFn: ({ signal }) => bodyOf(api.GET("/api/v1/findings", { signal, params: { query } })),
    ...polled(LIST_S),
  });
}

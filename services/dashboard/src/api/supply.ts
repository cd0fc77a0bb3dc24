import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { COMPUTED_S, polled } from "./polling";

export type ShortageWarning = Schemas["ShortageWarningView"];

export function shortageWarnings(under: string) {
  return queryOptions({
    queryKey: ["shortage_warnings", under],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/shortage_warnings", { signal, params: { query: { under: [under] } } }),
      ),
    ...polled(COMPUTED_S),
  });
}

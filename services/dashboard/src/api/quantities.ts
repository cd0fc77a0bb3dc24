import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import type { Period } from "./equipment";
import { polled, SUMS_S } from "./polling";

export type Quantity = Schemas["QuantityView"];
export type NewQuantity = Schemas["NewQuantity"];

const SHOWN = 200;

/** The quantities that people entered for an equipment and all below it, newest first. */
export function quantitiesOf(path: string, period: Period) {
  return queryOptions({
    queryKey: ["quantity_entries", path, period],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/quantity_entries", {
          signal,
          params: { query: { under: [path], ...period, limit: SHOWN } },
        }),
      ),
    ...polled(SUMS_S),
  });
}

export function enterQuantity(body: NewQuantity): Promise<Quantity> {
  return bodyOf(api.POST("/api/v1/quantity_entries", { body }));
}

export function correctQuantity(id: number, body: Schemas["QuantityChange"]): Promise<Quantity> {
  return bodyOf(
    api.PATCH("/api/v1/quantity_entries/{entry_id}", {
      params: { path: { entry_id: id } },
      body,
    }),
  );
}

export function undoQuantity(id: number): Promise<Quantity | null> {
  return bodyOf(
    api.POST("/api/v1/quantity_entries/{entry_id}:undo", {
      params: { path: { entry_id: id } },
      body: {},
    }),
  );
}

import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { COMPUTED_S, LIST_S, NAMES_S, polled } from "./polling";

export type Warehouse = Schemas["WarehouseView"];
export type PartSupply = Schemas["DaysOfSupplyView"];
export type StockProjection = Schemas["StockProjectionView"];
export type ProjectedColumns = Schemas["ProjectedColumnsView"];
export type Warning = Schemas["ShortageWarningView"];
export type Acknowledgement = Schemas["AcknowledgementView"];
export type NewAcknowledgement = Schemas["NewAcknowledgement"];

const ROWS_MAX = 1000;
export const PROJECTED_DAYS = 28;
/** How far warnings look ahead: an acknowledgement is of what was seen within it. */
export const HORIZON_DAYS = 14;

export const warehouses = queryOptions({
  queryKey: ["warehouses"],
  queryFn: ({ signal }) =>
    bodyOf(api.GET("/api/v1/warehouses", { signal, params: { query: { limit: ROWS_MAX } } })),
  ...polled(NAMES_S),
});

/** The parts of a warehouse, the first to run out first. */
export function partsOf(warehouse: string) {
  return queryOptions({
    queryKey: ["days_of_supply", warehouse],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/days_of_supply", {
          signal,
          params: { query: { warehouse: [warehouse], sort: "runs_out_at", limit: ROWS_MAX } },
        }),
      ),
    ...polled(COMPUTED_S),
  });
}

export const allWarnings = queryOptions({
  queryKey: ["shortage_warnings", "all"],
  queryFn: ({ signal }) =>
    bodyOf(
      api.GET("/api/v1/shortage_warnings", {
        signal,
        params: { query: { horizon_days: HORIZON_DAYS, limit: ROWS_MAX } },
      }),
    ),
  ...polled(COMPUTED_S),
});

export function projectionOf(warehouse: string, material: string) {
  return queryOptions({
    queryKey: ["stock_projection", warehouse, material],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/stock_projection", {
          signal,
          params: {
            query: {
              warehouse: [warehouse],
              material: [material],
              days: PROJECTED_DAYS,
              form: "columns",
            },
          },
        }),
      ),
    ...polled(LIST_S),
  });
}

export function projectionCsv(warehouse: string, material: string): string {
  const query = new URLSearchParams({
    warehouse,
    material,
    days: String(PROJECTED_DAYS),
    form: "columns",
    format: "csv",
  });
  return `/api/v1/stock_projection?${query}`;
}

export function acknowledge(body: NewAcknowledgement) {
  return bodyOf(api.POST("/api/v1/shortage_warnings:acknowledge", { body }));
}

export function withdraw(id: number) {
  return bodyOf(
    api.DELETE("/api/v1/shortage_acknowledgements/{acknowledgement_id}", {
      params: { path: { acknowledgement_id: id } },
    }),
  );
}

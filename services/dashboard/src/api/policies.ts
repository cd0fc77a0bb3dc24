import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { LIST_S, NAMES_S, polled } from "./polling";

export type LineMaterial = Schemas["LineMaterialView"];
export type NewLineMaterial = Schemas["NewLineMaterial"];
export type LineRate = Schemas["LineRateView"];
export type PolicyVersion = Schemas["PolicyVersionView"];

const ROWS_MAX = 1000;

export function lineMaterials(under: string) {
  return queryOptions({
    queryKey: ["line_materials", under],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/line_materials", {
          signal,
          params: { query: { under: [under], limit: ROWS_MAX } },
        }),
      ),
    ...polled(LIST_S),
  });
}

/** Replace what a line consumes. */
export function setLineMaterials(path: string, items: NewLineMaterial[]) {
  return bodyOf(
    api.PUT("/api/v1/line_materials/{path}", { params: { path: { path } }, body: { items } }),
  );
}

/** The lines and machines that may consume material. */
export const consumers = queryOptions({
  queryKey: ["equipment", "consumers"],
  queryFn: ({ signal }) =>
    bodyOf(
      api.GET("/api/v1/equipment", {
        signal,
        params: { query: { level: ["line", "machine"], limit: ROWS_MAX } },
      }),
    ),
  ...polled(NAMES_S),
});

export const lineRates = queryOptions({
  queryKey: ["line_rates"],
  queryFn: ({ signal }) =>
    bodyOf(api.GET("/api/v1/line_rates", { signal, params: { query: { limit: ROWS_MAX } } })),
  ...polled(LIST_S),
});

export function setLineRate(path: string, body: Schemas["NewLineRate"]) {
  return bodyOf(api.PUT("/api/v1/line_rates/{path}", { params: { path: { path } }, body }));
}

export const policies = queryOptions({
  queryKey: ["supply_policies"],
  queryFn: ({ signal }) =>
    bodyOf(api.GET("/api/v1/supply_policies", { signal, params: { query: { limit: ROWS_MAX } } })),
  ...polled(LIST_S),
});

export const supplierNames = queryOptions({
  queryKey: ["suppliers", "names"],
  queryFn: ({ signal }) =>
    bodyOf(api.GET("/api/v1/suppliers", { signal, params: { query: { limit: ROWS_MAX } } })),
  ...polled(NAMES_S),
});

/** Add a version of the default policy, or of a supplier's own. */
export function addPolicy(supplier: string, body: Schemas["NewPolicy"]) {
  return supplier === ""
    ? bodyOf(api.PUT("/api/v1/supply_policies", { body }))
    : bodyOf(
        api.PUT("/api/v1/suppliers/{key}/policy", { params: { path: { key: supplier } }, body }),
      );
}

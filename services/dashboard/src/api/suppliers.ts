import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { LIST_S, polled } from "./polling";

export type Supplier = Schemas["SupplierView"];
export type SupplierKpis = Schemas["SupplierKpisView"];
export type SupplierList = Schemas["SupplierListView"];
export type AppliedPolicy = Schemas["ListedPolicyView"];
export type DueLine = Schemas["DueLineView"];
export type Shipment = Schemas["ShipmentView"];

export const SUPPLIERS_MAX = 1000;
const ROWS_MAX = 200;
const FILE_ROWS = 1000;

interface Span {
  start: string;
  end?: string;
}

/** Suppliers with their KPIs of a period, the lowest OTIF first. */
export function rankedSuppliers({ start, end }: Span) {
  return queryOptions({
    queryKey: ["suppliers", "ranked", start, end],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/suppliers", {
          signal,
          params: {
            query: {
              with: ["kpis"],
              start,
              ...(end === undefined ? {} : { end }),
              sort: "rank",
              limit: SUPPLIERS_MAX,
            },
          },
        }),
      ),
    ...polled(LIST_S),
  });
}

/** The address of the same suppliers as a file. */
export function rankedAddress(period: Span): string {
  return `/api/v1/suppliers?${new URLSearchParams({ with: "kpis", sort: "rank", limit: String(FILE_ROWS), format: "csv", ...period })}`;
}

/** The lines of a supplier that are due in a span, by their due date. */
export function dueLines(supplier: string, { start, end }: Span) {
  return queryOptions({
    queryKey: ["due_lines", supplier, start, end],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/due_lines", {
          signal,
          params: {
            query: {
              supplier: [supplier],
              start,
              ...(end === undefined ? {} : { end }),
              sort: "-due_from",
              limit: ROWS_MAX,
            },
          },
        }),
      ),
    ...polled(LIST_S),
  });
}

/** The address of the same lines as a file. */
export function dueLinesAddress(supplier: string, period: Span): string {
  const limit = String(FILE_ROWS);
  const query = new URLSearchParams({
    supplier,
    ...period,
    sort: "-due_from",
    limit,
    format: "csv",
  });
  return `/api/v1/due_lines?${query}`;
}

/** What is announced or under way and not received yet. */
export function openShipments(supplier: string) {
  return queryOptions({
    queryKey: ["shipments", supplier],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/shipments", {
          signal,
          params: {
            query: {
              supplier: [supplier],
              state: ["announced", "in_transit", "overdue", "partly_received"],
              limit: ROWS_MAX,
            },
          },
        }),
      ),
    ...polled(LIST_S),
  });
}

/** A shipment with its lines, whose events are its messages. */
export function shipment(id: number) {
  return queryOptions({
    queryKey: ["shipments", id],
    queryFn: ({ signal }) =>
      bodyOf(api.GET("/api/v1/shipments/{number}", { signal, params: { path: { number: id } } })),
    staleTime: LIST_S * 1000,
  });
}

import { queryOptions } from "@tanstack/react-query";
import { pathPart } from "./addresses";
import { api, bodyOf, type Schemas } from "./client";
import { COMPUTED_S, polled, polledFor, SUMS_S, VALUES_S } from "./polling";

export type StatePiece = Schemas["StateView"];

/** What the page reads of `StatesPage`. */
export interface States {
  start: string;
  end: string;
  shift: { name: string } | null;
  items: StatePiece[];
  /** Whether the period has more pieces than are asked for: the first ones are here. */
  isCut: boolean;
}
type StatesQuery = Period & { limit: number; cursor?: string };
interface StatesPage extends Omit<States, "isCut"> {
  next_cursor: string | null;
}
const PAGE = 1000; // pieces an answer
const PAGES_MAX = 20; // of a query: a machine that changes each minute for two weeks

export interface Period {
  start: string;
  end?: string;
}

/** The states of a machine in a period, with the span that the API made of it. */
export function states(path: string, period: Period) {
  return queryOptions({
    queryKey: ["states", path, period],
    queryFn: async ({ signal }): Promise<States> => {
      const items: StatePiece[] = [];
      let cursor: string | null = null;
      for (let page = 1; ; page++) {
        const query: StatesQuery = {
          ...period,
          limit: PAGE,
          ...(cursor === null ? {} : { cursor }),
        };
        const { next_cursor, ...answer }: StatesPage = await bodyOf(
          api.GET("/api/v1/equipment/{path}/states", { signal, params: { path: { path }, query } }),
        );
        items.push(...answer.items);
        cursor = next_cursor;
        const isCut = cursor !== null && page === PAGES_MAX;
        if (cursor === null || isCut) return { ...answer, items, isCut };
      }
    },
    ...polledFor(period),
  });
}

/** How many rows a file of the API has at most; it has 100 where nothing is asked for. */
export const FILE_ROWS = 1000;

/** The address of the states as a file: the first `FILE_ROWS` of the period. */
export function statesAddress(path: string, period: Period, format: "csv"): string {
  const query = new URLSearchParams({ ...period, format, limit: String(FILE_ROWS) });
  return `/api/v1/equipment/${pathPart(path)}/states?${query}`;
}

export function lossTimes(path: string, period: Period) {
  return queryOptions({
    queryKey: ["loss_times", path, period],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/loss_times", {
          signal,
          params: { query: { equipment: [path], ...period } },
        }),
      ),
    ...polled(SUMS_S),
  });
}

/** The address of the same steps and parts as a file. */
export function lossTimesAddress(path: string, period: Period): string {
  const query = new URLSearchParams({ equipment: path, ...period, format: "csv" });
  return `/api/v1/loss_times?${query}`;
}

export const OEE_PARTS = ["availability", "effectiveness", "quality_ratio"] as const;

export function oee(path: string, period: Period) {
  return queryOptions({
    queryKey: ["kpi_values", path, period],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/kpi_values", {
          signal,
          params: { query: { equipment: [path], kpi: ["oee", ...OEE_PARTS], ...period } },
        }),
      ),
    ...polledFor(period, COMPUTED_S),
  });
}

/** What was counted in each short step of a period; the API says how long its steps are. */
export function countsOf(path: string, period: Period, granularity: string) {
  return queryOptions({
    queryKey: ["counts", path, period, granularity],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/equipment/{path}/counts", {
          signal,
          params: { path: { path }, query: { ...period, granularity } },
        }),
      ),
    ...polled(SUMS_S),
  });
}

/** The address of the same counts as a file. */
export function countsAddress(path: string, period: Period, granularity: string): string {
  const query = new URLSearchParams({ ...period, granularity, format: "csv" });
  return `/api/v1/equipment/${pathPart(path)}/counts?${query}`;
}

/** The address of the same numbers as a file. */
export function oeeAddress(path: string, period: Period): string {
  const query = new URLSearchParams({ equipment: path, ...period, format: "csv" });
  for (const kpi of ["oee", ...OEE_PARTS]) query.append("kpi", kpi);
  return `/api/v1/kpi_values?${query}`;
}

export type LatestSignal = Schemas["LatestSignalView"];
const SIGNALS_MAX = 1000;

/** The newest value of each signal of an equipment. */
export function latestSignals(path: string) {
  return queryOptions({
    queryKey: ["signals", "latest", path],
    queryFn: async ({ signal }): Promise<{ items: LatestSignal[]; isCut: boolean }> => {
      const { items, next_cursor } = await bodyOf(
        api.GET("/api/v1/signals", {
          signal,
          params: { query: { under: [path], latest: true, limit: SIGNALS_MAX } },
        }),
      );
      return {
        items: items.filter((item): item is LatestSignal => "status" in item),
        isCut: next_cursor !== null,
      };
    },
    ...polled(VALUES_S),
  });
}

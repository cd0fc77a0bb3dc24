import { queryOptions } from "@tanstack/react-query";
import { pathPart } from "./addresses";
import { api, bodyOf, type Schemas } from "./client";
import { LIST_S, LIVE_S, polled } from "./polling";

export type StatePiece = Schemas["StateView"];

/** What the page reads of `StatesPage`. */
export interface States {
  start: string;
  end: string;
  shift: { name: string } | null;
  items: StatePiece[];
}
type StatesQuery = Period & { limit: number; cursor?: string };
interface StatesPage extends States {
  next_cursor: string | null;
}
const PAGE = 1000; // pieces an answer; the query walks all pages

export interface Period {
  start: string;
  end?: string;
}

/** All states of a machine in a period, with the span that the API made of it. */
export function states(path: string, period: Period) {
  return queryOptions({
    queryKey: ["states", path, period],
    queryFn: async ({ signal }): Promise<States> => {
      const items: StatePiece[] = [];
      let cursor: string | null = null;
      for (;;) {
        const query: StatesQuery = {
          ...period,
          limit: PAGE,
          ...(cursor === null ? {} : { cursor }),
        };
        const { next_cursor, ...page }: StatesPage = await bodyOf(
          api.GET("/api/v1/equipment/{path}/states", { signal, params: { path: { path }, query } }),
        );
        items.push(...page.items);
        cursor = next_cursor;
        if (cursor === null) return { ...page, items };
      }
    },
    ...polled(LIVE_S),
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
    ...polled(LIST_S),
  });
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
    ...polled(LIVE_S),
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
    ...polled(LIST_S),
  });
}

export type LatestSignal = Schemas["LatestSignalView"];

/** The newest value of each signal of an equipment. */
export function latestSignals(path: string) {
  return queryOptions({
    queryKey: ["signals", "latest", path],
    queryFn: async ({ signal }): Promise<LatestSignal[]> => {
      const { items } = await bodyOf(
        api.GET("/api/v1/signals", {
          signal,
          params: { query: { under: [path], latest: true, limit: 200 } },
        }),
      );
      return items.filter((item): item is LatestSignal => "status" in item);
    },
    ...polled(LIVE_S),
  });
}

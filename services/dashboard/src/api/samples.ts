/** Signals, their samples for a chart, and what belongs beside them: gaps and notes. */
import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import type { Period } from "./equipment";
import { LIST_S, polled, polledFor } from "./polling";

export type Signal = Schemas["SignalView"];
export type LatestSignal = Schemas["LatestSignalView"];
export type SignalSamples = Schemas["SignalSamplesView"];
export type Sample = Schemas["SampleView"];
export type Window = Schemas["AggregateView"];
export type Gap = Schemas["GapView"];

export const WINDOW_AGGREGATES = ["min", "avg", "max", "count", "bad_count"] as const;
const SUMMARY_AGGREGATES = ["count", "min", "avg", "max", "bad_count"];
const FOUND = 50; // signals that a search shows
const MARKS = 1000; // gaps or notes of a picture

/** Whether an item is a window, not a sample of its own. */
export function isWindow(item: Sample | Window): item is Window {
  return "start" in item;
}

/** The samples of the signals: each, or as many windows as the picture has points. */
export function samples(ids: readonly number[], period: Period, points: number) {
  return queryOptions({
    queryKey: ["samples", ids, period, points],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/samples", {
          signal,
          params: {
            query: {
              signal: ids.map(String),
              ...period,
              max_points: points,
              aggregates: [...WINDOW_AGGREGATES],
              limit: 1000,
            },
          },
        }),
      ),
    placeholderData: (before) => before, // the old picture stays while a zoom is loaded
    ...polledFor(period),
  });
}

/** The address of the same samples as a file, with the key of its signal in each row. */
export function samplesAddress(ids: readonly number[], period: Period, points: number): string {
  const query = new URLSearchParams([
    ...ids.map((id): [string, string] => ["signal", String(id)]),
    ...Object.entries(period),
    ["max_points", String(Math.max(points, 1))],
    ["aggregates", WINDOW_AGGREGATES.join(",")],
    ["format", "csv"],
  ]);
  return `/api/v1/samples?${query}`;
}

/** Minimum, mean and maximum of each signal over the whole period. */
export function summaries(ids: readonly number[], period: Period) {
  return queryOptions({
    queryKey: ["samples", "summary", ids, period],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/samples", {
          signal,
          params: {
            query: {
              signal: ids.map(String),
              ...period,
              granularity: "none",
              aggregates: SUMMARY_AGGREGATES,
            },
          },
        }),
      ),
    ...polledFor(period),
  });
}

/** The signals themselves, each with its newest sample. */
export function latestSignals(ids: readonly number[]) {
  return queryOptions({
    queryKey: ["signals", "latest", ids],
    queryFn: async ({ signal }): Promise<LatestSignal[]> => {
      const query = { id: [...ids], latest: true, limit: 1000 };
      const page = await bodyOf(api.GET("/api/v1/signals", { signal, params: { query } }));
      return page.items.filter((item): item is LatestSignal => "at" in item);
    },
    ...polled(LIST_S),
  });
}

/** Signals in whose names all words occur. */
export function foundSignals(words: string, under: string | undefined) {
  return queryOptions({
    queryKey: ["signals", "found", words, under],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/signals", {
          signal,
          params: {
            query: { q: words, limit: FOUND, ...(under === undefined ? {} : { under: [under] }) },
          },
        }),
      ),
    ...polled(LIST_S),
  });
}

/** What is known to be lost of the connectors' data in the period. */
export function gapsOf(connectors: readonly string[], period: Period) {
  return queryOptions({
    queryKey: ["gaps", connectors, period],
    queryFn: ({ signal }) => {
      const query = { connector: [...connectors], ...period, limit: MARKS };
      return bodyOf(api.GET("/api/v1/gaps", { signal, params: { query } }));
    },
    ...polledFor(period),
  });
}

/** The notes about the equipment of the signals that begin in the period. */
export function annotationsOfAll(under: readonly string[], period: Period) {
  return queryOptions({
    queryKey: ["annotations", under, period],
    queryFn: ({ signal }) => {
      const query = { under: [...under], ...period, sort: "start", limit: MARKS };
      return bodyOf(api.GET("/api/v1/annotations", { signal, params: { query } }));
    },
    ...polled(LIST_S),
  });
}

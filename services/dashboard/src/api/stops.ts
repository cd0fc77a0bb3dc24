import { queryOptions } from "@tanstack/react-query";
import { pathPart } from "./addresses";
import { api, bodyOf, type Schemas } from "./client";
import type { Period } from "./equipment";
import { COMPUTED_S, LIST_S, LIVE_S, polled, polledFor, SUMS_S } from "./polling";

export type Stop = Schemas["StopView"];
export type StopChange = Schemas["StopChangeView"];
export type StopTotals = Schemas["StopTotals"];

const GROUPS_MAX = 1000; // of categories and reasons: all of them
const STOPS_MAX = 1000; // of an answer: 8 h with one stop in 30 s

/** The stops of all machines below an equipment that go on, the longest first. */
export function openStops(under: string, limit: number) {
  return queryOptions({
    queryKey: ["stops", "open", under, limit],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/stops", {
          signal,
          params: { query: { under: [under], open: true, sort: "-duration_s", limit } },
        }),
      ),
    ...polled(LIVE_S),
  });
}

/** The stops of an equipment and all below it in a period, in the order of time. */
export function stopsOf(path: string, period: Period) {
  return queryOptions({
    queryKey: ["stops", "of", path, period],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/equipment/{path}/stops", {
          signal,
          params: { path: { path }, query: { ...period, limit: STOPS_MAX } },
        }),
      ),
    ...polledFor(period, COMPUTED_S),
  });
}

/** The address of the stops as a file. */
export function stopsAddress(path: string, period: Period): string {
  const query = new URLSearchParams({ ...period, format: "csv", limit: String(STOPS_MAX) });
  return `/api/v1/equipment/${pathPart(path)}/stops?${query}`;
}

/** Time and number of stops of a period by reason, as the API sums them. */
export function lossesByReason(path: string, period: Period, sort: "-seconds" | "-stops") {
  return queryOptions({
    queryKey: ["losses", "reason", path, period, sort],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/losses", {
          signal,
          params: {
            query: {
              under: [path],
              group_by: ["category", "reason"],
              ...period,
              sort,
              limit: GROUPS_MAX,
            },
          },
        }),
      ),
    ...polled(SUMS_S),
  });
}

/** The address of the same sums as a file. */
export function lossesByReasonAddress(path: string, period: Period): string {
  const query = new URLSearchParams({
    under: path,
    group_by: "category,reason",
    ...period,
    format: "csv",
    limit: String(GROUPS_MAX),
  });
  return `/api/v1/losses?${query}`;
}

/** What people changed about a stop, newest first. */
export function changesOfStop(id: string) {
  return queryOptions({
    queryKey: ["audit", "stop", id],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/audit", {
          signal,
          params: { query: { subject: ["stop"], subject_id: [id], limit: 20 } },
        }),
      ),
    ...polled(LIST_S),
  });
}

/** Give several stops one reason or comment: all of them, or none where one is refused. */
export async function classifyStops(body: Schemas["StopsClassification"]): Promise<StopChange[]> {
  return (await bodyOf(api.POST("/api/v1/stops:classify", { body }))).changes;
}

export function splitStop(stop: Stop, at: string): Promise<StopChange> {
  return bodyOf(
    api.POST("/api/v1/stops/{stop_id}:split", {
      params: { path: { stop_id: stop.id } },
      body: { at, version: stop.version },
    }),
  );
}

export function mergeStops(body: Schemas["StopMerge"]): Promise<StopChange> {
  return bodyOf(api.POST("/api/v1/stops:merge", { body }));
}

export function undoStop(id: string, version: number): Promise<StopChange> {
  return bodyOf(
    api.POST("/api/v1/stops/{stop_id}:undo", {
      params: { path: { stop_id: id } },
      body: { version },
    }),
  );
}

/** Take a change back: the part of it that begins first has its number as version. */
export function undoChange(change: StopChange): Promise<StopChange> {
  const part = change.stops.find((stop) => stop.version === change.change);
  if (part === undefined) return Promise.resolve(change);
  return undoStop(part.id, part.version);
}

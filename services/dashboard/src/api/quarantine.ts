import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { LIST_S, LIVE_S, polled } from "./polling";

export type QuarantineGroup = Schemas["QuarantineGroupView"];
export type QuarantineEntry = Schemas["QuarantineView"];
export type QuarantineDetail = Schemas["QuarantineDetailView"];
export type DataQuality = Schemas["DataQualityView"];
export type Decision = Schemas["DecisionView"];
export type Selection = Pick<Schemas["QuarantineReplay"], "ids" | "reason">;

/** What a decision about entries makes old. */
export const QUARANTINE = ["quarantine"] as const;
export const DATA_QUALITY = ["data_quality"] as const;

export const GROUPS_MAX = 200;

/** Undecided entries by reason, over all connectors. */
export const quarantineGroups = queryOptions({
  queryKey: [...QUARANTINE, "groups"],
  queryFn: ({ signal }) =>
    bodyOf(
      api.GET("/api/v1/quarantine/groups", { signal, params: { query: { limit: GROUPS_MAX } } }),
    ),
  ...polled(LIVE_S),
});

export function quarantineEntries(reason: string, limit: number) {
  return queryOptions({
    queryKey: [...QUARANTINE, "entries", reason, limit],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/quarantine", {
          signal,
          params: { query: { reason, limit, state: ["open", "assigned"] } },
        }),
      ),
    ...polled(LIVE_S),
  });
}

/** The entry that an address names, also one that is decided; null: there is none. */
export function namedEntry(id: number) {
  return queryOptions({
    queryKey: [...QUARANTINE, "named", id],
    queryFn: async ({ signal }) => {
      const { items } = await bodyOf(
        api.GET("/api/v1/quarantine", { signal, params: { query: { id: [id] } } }),
      );
      return items[0] ?? null;
    },
    ...polled(LIVE_S),
  });
}

/** One entry with its bytes, which do not change. */
export function quarantineEntry(id: number) {
  return queryOptions({
    queryKey: [...QUARANTINE, "entry", id],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/quarantine/{entry_id}", { signal, params: { path: { entry_id: id } } }),
      ),
    staleTime: LIST_S * 1000,
    retry: false,
  });
}

export function dataQuality(start: string, end?: string) {
  return queryOptions({
    queryKey: [...DATA_QUALITY, start, end],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/data_quality", {
          signal,
          params: { query: { start, ...(end === undefined ? {} : { end }) } },
        }),
      ),
    ...polled(LIST_S),
  });
}

export function discard(body: Schemas["Discard"]): Promise<Decision> {
  return bodyOf(api.POST("/api/v1/quarantine:discard", { body }));
}

export function assign(body: Schemas["Assignment"]): Promise<Decision> {
  return bodyOf(api.POST("/api/v1/quarantine:assign", { body }));
}

export function reopen(body: Schemas["Reopening"]): Promise<Decision> {
  return bodyOf(api.POST("/api/v1/quarantine:reopen", { body }));
}

export function replayEntries(body: Schemas["QuarantineReplay"]) {
  return bodyOf(api.POST("/api/v1/quarantine:replay", { body }));
}

import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { LIST_S, polled } from "./polling";

export type MappingName = Schemas["MappingNameView"];
export type MappingVersion = Schemas["MappingVersionView"];
export type MappingDiff = Schemas["DiffView"];
export type AmendedMapping = Schemas["AmendedMappingView"];
export type Change = Schemas["Amendment"]["changes"][number];

export const MAPPINGS = ["mappings"] as const;
const IN_SYNC_S = 2;

export const mappings = queryOptions({
  queryKey: [...MAPPINGS, "names"],
  queryFn: ({ signal }) =>
    bodyOf(api.GET("/api/v1/mappings", { signal, params: { query: { limit: 1000 } } })),
  ...polled(LIST_S),
});

export function mappingVersions(name: string) {
  return queryOptions({
    queryKey: [...MAPPINGS, "versions", name],
    queryFn: ({ signal }) =>
      bodyOf(api.GET("/api/v1/mappings/{name}", { signal, params: { path: { name } } })),
    ...polled(LIST_S),
  });
}

/** The document of a version, which never changes. */
export function mappingDocument(name: string, version: number) {
  return queryOptions({
    queryKey: [...MAPPINGS, "document", name, version],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/mappings/{name}/versions/{version}", {
          signal,
          params: { path: { name, version } },
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
}

/** The connectors of a mapping with the version that each uses, while they switch to another. */
export function switchingConnectors(ids: readonly string[]) {
  return queryOptions({
    queryKey: ["connectors", "switching", ...ids],
    queryFn: ({ signal }) =>
      bodyOf(api.GET("/api/v1/connectors", { signal, params: { query: { limit: 1000 } } })),
    ...polled(IN_SYNC_S),
  });
}

/** Write the next version of a mapping from single changes; nothing is stored. */
export function amend(body: Schemas["Amendment"]): Promise<AmendedMapping> {
  return bodyOf(api.POST("/api/v1/mappings:amend", { body }));
}

/** What a mapping would change of what was received. */
export function diffMapping(body: Schemas["DiffRequest"]): Promise<MappingDiff> {
  return bodyOf(api.POST("/api/v1/mappings:diff", { body }));
}

/** Store a version as a draft; the API checks it as an edge does. */
export function addMapping(body: Schemas["NewMapping"]): Promise<MappingVersion> {
  return bodyOf(api.POST("/api/v1/mappings", { body }));
}

export function activateMapping(name: string, version: number): Promise<MappingVersion> {
  return bodyOf(
    api.POST("/api/v1/mappings/{name}/versions/{version}:activate", {
      params: { path: { name, version } },
    }),
  );
}

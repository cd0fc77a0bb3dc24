/** Where the search looks: names are asked for once and searched in the page, signals by words. */
import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf } from "./client";
import { NAMES_S } from "./polling";

const NAMES_MAX = 1000;
const SIGNALS_MAX = 20;

export type FoundKind = "equipment" | "supplier" | "part" | "signal";
export interface Named {
  kind: FoundKind;
  /** Path, key or number. */
  key: string;
  name: string;
  /** Of an equipment: its level. */
  level?: string;
}

/** All equipment, suppliers and parts that the caller may see, for five minutes. */
export const names = queryOptions({
  queryKey: ["search", "names"],
  queryFn: async ({ signal }): Promise<Named[]> => {
    const query = { limit: NAMES_MAX };
    const [equipment, suppliers, parts] = await Promise.all([
      bodyOf(
        api.GET("/api/v1/equipment", {
          signal,
          params: { query: { ...query, fields: ["path", "level", "name"] } },
        }),
      ),
      bodyOf(
        api.GET("/api/v1/suppliers", {
          signal,
          params: { query: { ...query, fields: ["key", "name"] } },
        }),
      ),
      bodyOf(
        api.GET("/api/v1/materials", {
          signal,
          params: { query: { ...query, fields: ["number", "description"] } },
        }),
      ),
    ]);
    return [
      ...equipment.items.map(
        ({ path, level, name }): Named => ({ kind: "equipment", key: path, name, level }),
      ),
      ...suppliers.items.map(({ key, name }): Named => ({ kind: "supplier", key, name })),
      ...parts.items.map(
        ({ number, description }): Named => ({
          kind: "part",
          key: number,
          name: description ?? "",
        }),
      ),
    ];
  },
  staleTime: NAMES_S * 1000,
});

/** The first signals whose key or name has the words. */
export function signalsLike(words: string) {
  return queryOptions({
    queryKey: ["search", "signals", words],
    queryFn: async ({ signal }): Promise<Named[]> => {
      const { items } = await bodyOf(
        api.GET("/api/v1/signals", {
          signal,
          params: { query: { q: words, limit: SIGNALS_MAX, fields: ["id", "key"] } },
        }),
      );
      return items.map(({ id, key }): Named => ({ kind: "signal", key: String(id), name: key }));
    },
    enabled: words.length >= 2,
    staleTime: NAMES_S * 1000,
  });
}

/** A line to begin with, where none was looked at before. */
export const firstLine = queryOptions({
  queryKey: ["search", "line"],
  queryFn: async ({ signal }): Promise<string | null> => {
    const { items } = await bodyOf(
      api.GET("/api/v1/equipment", {
        signal,
        params: { query: { level: ["line"], limit: 1, fields: ["path"] } },
      }),
    );
    return items[0]?.path ?? null;
  },
  staleTime: NAMES_S * 1000,
});

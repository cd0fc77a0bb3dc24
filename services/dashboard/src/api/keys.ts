import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { LIST_S, polled } from "./polling";

export type ApiKey = Schemas["ApiKeyView"];
export type CreatedKey = Schemas["CreatedApiKeyView"];
export type NewKey = Schemas["NewApiKey"];
export type OpenSession = Schemas["OpenSessionView"];
const ROWS = 1000;

/** What a change of a key makes old: revoking one also ends its sessions. */
export const KEY_KEYS = [["api_keys"], ["sessions"], ["audit"]] as const;
export const SESSION_KEYS = [["sessions"], ["audit"]] as const;

export const apiKeys = queryOptions({
  queryKey: ["api_keys"],
  queryFn: ({ signal }) =>
    bodyOf(
      api.GET("/api/v1/api_keys", { signal, params: { query: { sort: "name", limit: ROWS } } }),
    ),
  ...polled(LIST_S),
});

export const sessions = queryOptions({
  queryKey: ["sessions"],
  queryFn: ({ signal }) =>
    bodyOf(
      api.GET("/api/v1/sessions", {
        signal,
        params: { query: { sort: "-last_used_at", limit: ROWS } },
      }),
    ),
  ...polled(LIST_S),
});

export async function createKey(body: NewKey): Promise<CreatedKey> {
  return bodyOf(api.POST("/api/v1/api_keys", { body }));
}

export async function rotateKey(prefix: string, body: Schemas["KeyRotation"]): Promise<CreatedKey> {
  return bodyOf(
    api.POST("/api/v1/api_keys/{prefix}:rotate", { params: { path: { prefix } }, body }),
  );
}

export async function revokeKey(prefix: string): Promise<void> {
  await bodyOf(api.DELETE("/api/v1/api_keys/{prefix}", { params: { path: { prefix } } }));
}

export async function endSession(id: number): Promise<void> {
  await bodyOf(
    api.DELETE("/api/v1/sessions/{session_id}", { params: { path: { session_id: id } } }),
  );
}

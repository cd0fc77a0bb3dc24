/** Who is signed in, and the ways to sign in and out. */
import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";

export type Me = Schemas["MeView"];

/** What the API lets a role do; it refuses the rest whatever the page shows. */
export type Permission =
  | "self"
  | "read"
  | "raw:read"
  | "audit:read"
  | "events:write"
  | "stops:write"
  | "quantities:write"
  | "notes:write"
  | "reports:sign"
  | "supply:write"
  | "policies:write"
  | "targets:write"
  | "line_rates:write"
  | "mappings:write"
  | "quarantine:write"
  | "connectors:write"
  | "calendars:write"
  | "reasons:write"
  | "thresholds:write"
  | "equipment:write"
  | "kpis:write"
  | "keys:write"
  | "users:write";

export const me = queryOptions({
  queryKey: ["me"],
  queryFn: ({ signal }) => bodyOf(api.GET("/api/v1/me", { signal })),
  staleTime: 60_000,
  retry: false,
});

export const signInWays = queryOptions({
  queryKey: ["session", "ways"],
  queryFn: ({ signal }) => bodyOf(api.GET("/api/v1/session/ways", { signal })),
});

export async function signIn(body: Schemas["SignIn"]): Promise<void> {
  await bodyOf(api.POST("/api/v1/session", { body }));
}

export async function signOut(): Promise<void> {
  await bodyOf(api.DELETE("/api/v1/session"));
}

export function may(who: Me, permission: Permission): boolean {
  return who.permissions.includes(permission);
}

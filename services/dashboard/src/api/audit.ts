import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { LIST_S, polled } from "./polling";

export type AuditEntry = Schemas["AuditView"];
export interface AuditFilter {
  by?: string;
  subject?: string;
  subject_id?: string;
  under?: string;
  start?: string;
  end?: string;
}
const PAGE = 100;
const FILE_ROWS = 1000;

/** Changes by people, the newest first, a page at a time. */
export function auditLog(filter: AuditFilter) {
  const { by, subject, subject_id, under, start, end } = filter;
  return infiniteQueryOptions({
    queryKey: ["audit", filter],
    initialPageParam: "",
    queryFn: ({ signal, pageParam }) =>
      bodyOf(
        api.GET("/api/v1/audit", {
          signal,
          params: {
            query: {
              ...(by === undefined ? {} : { by: [by] }),
              ...(subject === undefined ? {} : { subject: [subject] }),
              ...(subject_id === undefined ? {} : { subject_id: [subject_id] }),
              ...(under === undefined ? {} : { under: [under] }),
              ...(start === undefined ? {} : { start }),
              ...(end === undefined ? {} : { end }),
              ...(pageParam === "" ? {} : { cursor: pageParam }),
              limit: PAGE,
            },
          },
        }),
      ),
    getNextPageParam: (page) => page.next_cursor,
    staleTime: 0,
  });
}

/** The address of the same entries as a file. */
export function auditAddress(filter: AuditFilter): string {
  const query = new URLSearchParams({ ...filter, format: "csv", limit: String(FILE_ROWS) });
  return `/api/v1/audit?${query}`;
}

/** The newest seal of the chain, and whether an entry was put past it. */
export const auditHead = queryOptions({
  queryKey: ["audit", "head"],
  queryFn: ({ signal }) => bodyOf(api.GET("/api/v1/audit/head", { signal })),
  ...polled(LIST_S),
});

import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { LIST_S, polled } from "./polling";

export type Target = Schemas["TargetDetailView"];
export type TargetState = Target["state"];
export type Contribution = Schemas["ContributionView"];
export type TargetPoint = Schemas["TargetPointView"];
export type NewTarget = Schemas["NewTarget"];
export type Comparison = Schemas["ComparisonView"];
export type Level = "plant" | "area" | "line" | "machine";

/** Begin of the keys of all that shows targets. */
export const TARGET_KEYS = [["targets"], ["overview"], ["audit"]] as const;

export const targets = queryOptions({
  queryKey: ["targets"],
  queryFn: ({ signal }) => bodyOf(api.GET("/api/v1/targets", { signal })),
  ...polled(LIST_S),
});

/** A target with its months, the parts of its gap, and what it would be if losses shrank. */
export function target(key: string, scenario: readonly string[] = []) {
  return queryOptions({
    queryKey: ["targets", key, scenario],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/targets/{key}", {
          signal,
          params: {
            path: { key },
            query: scenario.length === 0 ? {} : { scenario: [...scenario] },
          },
        }),
      ),
    // Playing a scenario keeps the number before it until the next one comes.
    placeholderData: keepPreviousData,
    ...polled(LIST_S),
  });
}

export async function putTarget(key: string, body: NewTarget): Promise<Target> {
  return bodyOf(api.PUT("/api/v1/targets/{key}", { params: { path: { key } }, body }));
}

export async function withdrawTarget(key: string, reason: string): Promise<void> {
  const query = reason === "" ? {} : { reason };
  await bodyOf(api.DELETE("/api/v1/targets/{key}", { params: { path: { key }, query } }));
}

const FILE_ROWS = 1000;

/** The address of the periods of a target as a file. */
export function pointsAddress(key: string): string {
  return `/api/v1/targets/${encodeURIComponent(key)}/points?format=csv&limit=${FILE_ROWS}`;
}

/** How far the equipment of a level can be compared in a period. */
export function comparison(under: string, level: Level, start: string, end: string) {
  return queryOptions({
    queryKey: ["comparisons", under, level, start, end],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/comparisons", {
          signal,
          params: { query: { under, level, kpi: "oee", start, end } },
        }),
      ),
    ...polled(LIST_S),
  });
}

/** What the platform lacks while it answers, and what it has not computed yet. */
import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { polled } from "./polling";

export type Readiness = Schemas["ReadinessView"];
export type Backlog = Schemas["BacklogView"];

const HEALTHY_S = 60;
const LACKING_S = 10;
/** What these answer is no part of the picture that a person looks at. */
export const HEALTH = "health";

export const readiness = queryOptions({
  queryKey: [HEALTH, "ready"],
  queryFn: ({ signal }) => bodyOf(api.GET("/api/v1/health/ready", { signal })),
  ...polled(HEALTHY_S),
});

/** The machine whose data wait longest to be computed. */
export const longestWait = queryOptions({
  queryKey: [HEALTH, "backlog"],
  queryFn: ({ signal }) =>
    bodyOf(api.GET("/api/v1/backlog", { signal, params: { query: { limit: 1 } } })),
  ...polled(HEALTHY_S),
});

/** How both are asked for while something lacks: that it is back is to be seen soon. */
export const whileLacking = polled(LACKING_S);

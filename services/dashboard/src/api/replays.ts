import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { LIST_S, polled } from "./polling";

export type Replay = Schemas["ReplayView"];

const PROGRESS_S = 2;

export function isFinished(replay: Replay): boolean {
  return replay.state === "done" || replay.state === "failed";
}

/** The progress of one replay; asked for until it is finished. */
export function replayOf(id: number) {
  return queryOptions({
    queryKey: ["replays", id],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/replays/{replay_id}", { signal, params: { path: { replay_id: id } } }),
      ),
    ...polled(PROGRESS_S),
    refetchInterval: (query) => {
      const { data } = query.state;
      if (data !== undefined && isFinished(data)) return false;
      return polled(PROGRESS_S).refetchInterval(query);
    },
  });
}

export function replays(limit: number) {
  return queryOptions({
    queryKey: ["replays", "newest", limit],
    queryFn: ({ signal }) =>
      bodyOf(api.GET("/api/v1/replays", { signal, params: { query: { limit } } })),
    ...polled(LIST_S),
  });
}

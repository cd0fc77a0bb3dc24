import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { LIVE_S, NAMES_S, polled } from "./polling";

export type Connector = Schemas["ConnectorView"];
export type ConnectorDetail = Schemas["ConnectorDetailView"];
export type ConnectorError = Schemas["ConnectorErrorView"];
export type Exploration = Schemas["ExplorationView"];
export type LatestSignal = Schemas["LatestSignalView"];
export type NewExploration =
  | Schemas["EndpointsRequest"]
  | Schemas["TrustRequest"]
  | Schemas["BrowseRequest"]
  | Schemas["SuggestRequest"];

const SHOWN = 500;
const LINES_MAX = 1000;
const ASK_AGAIN_MS = 700;
const GIVE_UP_MS = 75_000;

/** All connectors that the caller may see. */
export const connectors = queryOptions({
  queryKey: ["connectors"],
  queryFn: ({ signal }) =>
    bodyOf(api.GET("/api/v1/connectors", { signal, params: { query: { limit: SHOWN } } })),
  ...polled(LIVE_S),
});

/** One connector with its last changes of state. */
export function connector(name: string) {
  return queryOptions({
    queryKey: ["connectors", name],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/connectors/{connector}", {
          signal,
          params: { path: { connector: name } },
        }),
      ),
    ...polled(LIVE_S),
  });
}

/** The newest values of the first signals of a connector. */
export function firstValues(name: string, limit: number) {
  return queryOptions({
    queryKey: ["signals", "latest", "connector", name, limit],
    queryFn: async ({ signal }) => {
      const query = { connector: [name], latest: true, limit };
      const page = await bodyOf(api.GET("/api/v1/signals", { signal, params: { query } }));
      const values = page.items.filter((item): item is LatestSignal => "at" in item);
      return { values, isCut: page.next_cursor !== null };
    },
    ...polled(LIVE_S),
  });
}

/** The lines that a new machine may belong to. */
export const lines = queryOptions({
  queryKey: ["equipment", "lines"],
  queryFn: ({ signal }) =>
    bodyOf(
      api.GET("/api/v1/equipment", {
        signal,
        params: { query: { level: ["line"], limit: LINES_MAX } },
      }),
    ),
  ...polled(NAMES_S),
});

/** Let the edge of a connector explore a server, and return what it found or why it did not.
 *
 * It is waited for as long as somebody does, and not longer than the edge may take.
 */
export async function explore(
  name: string,
  body: NewExploration,
  isAwaited: () => boolean,
): Promise<Exploration | "unanswered"> {
  const began = Date.now();
  let view = await bodyOf(
    api.POST("/api/v1/connectors/{connector}/explorations", {
      params: { path: { connector: name } },
      body,
    }),
  );
  while (view.state === "waiting" || view.state === "running") {
    if (!isAwaited() || Date.now() - began > GIVE_UP_MS) return "unanswered";
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    view = await bodyOf(
      api.GET("/api/v1/connectors/{connector}/explorations/{exploration_id}", {
        params: { path: { connector: name, exploration_id: view.id } },
      }),
    );
  }
  return view;
}

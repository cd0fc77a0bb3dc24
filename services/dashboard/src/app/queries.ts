/** The answers that the page holds, and what happens when one of them says that nobody is signed in. */
import { QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiProblem } from "../api/client";
import { me } from "../api/session";

/** Whether the API refused because nobody is signed in: there was no session, or it has ended. */
export function isSignedOut(error: Error | null): boolean {
  return error instanceof ApiProblem && error.status === 401;
}

export function newClient(): QueryClient {
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        const [first] = query.queryKey;
        if (isSignedOut(error) && first !== me.queryKey[0]) askWhoIsSignedIn(client);
      },
    }),
    defaultOptions: { queries: { retry: false, networkMode: "always" } },
  });
  return client;
}

/** `me` decides what is shown, and is not asked again by itself. */
function askWhoIsSignedIn(client: QueryClient): void {
  const { queryKey } = me;
  // Many queries are refused in the same moment: one of them asks.
  if (client.isFetching({ queryKey }) > 0) return;
  if (isSignedOut(client.getQueryState(queryKey)?.error ?? null)) return;
  void client.invalidateQueries({ queryKey });
}

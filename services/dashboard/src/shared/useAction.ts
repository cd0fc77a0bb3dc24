/** One change that a person makes: runs it, renews what it changed, announces it, offers its undo. */
import { type QueryClient, type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useCallback, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { ApiProblem } from "../api/client";
import { announce } from "./toasts";

interface Options<T> {
  /** Begin of the query keys whose answers the change makes old. */
  invalidates: readonly QueryKey[];
  /** What was done, as a sentence. */
  done?: string | ((result: T) => string);
  /** Takes the change back; gets what the change returned. Its button stays for ten seconds. */
  undo?: (result: T) => Promise<unknown>;
}

export interface Action<I, T> {
  /** Undefined: refused; `problem` has why. */
  run: (input: I) => Promise<T | undefined>;
  isRunning: boolean;
  problem: ApiProblem | undefined;
  reset: () => void;
}

export function useAction<I, T>(
  mutate: (input: I) => Promise<T>,
  options: Options<T>,
): Action<I, T> {
  const client = useQueryClient();
  const common = useTranslations("common");
  const [running, setRunning] = useState(0);
  const [problem, setProblem] = useState<ApiProblem>();
  const newest = useRef({ mutate, options });
  newest.current = { mutate, options };

  const renew = useCallback(
    (keys: readonly QueryKey[]) => Promise.all(keys.map((queryKey) => renewed(client, queryKey))),
    [client],
  );

  const run = useCallback(
    async (input: I) => {
      const { mutate: change, options: chosen } = newest.current;
      const { undo, done, invalidates } = chosen;
      setRunning((count) => count + 1);
      try {
        const result = await renewing(
          () => change(input),
          () => void renew(invalidates),
        );
        setProblem(undefined);
        const takeBack = async () => {
          try {
            await renewing(
              async () => undo?.(result),
              () => void renew(invalidates),
            );
            announce(common("undone"));
          } catch (error) {
            announce(common("notUndone", { why: problemOf(error).detail }));
          }
        };
        if (done !== undefined || undo !== undefined) {
          const text = typeof done === "function" ? done(result) : done;
          announce(text ?? common("saved"), undo === undefined ? undefined : takeBack);
        }
        return result;
      } catch (error) {
        setProblem(problemOf(error));
        return undefined;
      } finally {
        setRunning((count) => count - 1);
      }
    },
    [renew, common],
  );
  const reset = useCallback(() => setProblem(undefined), []);
  return { run, isRunning: running > 0, problem, reset };
}

/** Change something and ask again for what that makes old, also after a refusal.
 *
 * What is shown may be older than what somebody else has changed, and a request whose answer was
 * lost may have been carried out.
 */
export async function renewing<T>(change: () => Promise<T>, renew: () => void): Promise<T> {
  try {
    return await change();
  } finally {
    renew();
  }
}

/** Ask again for what a change has made old, also where the first answer is still under way.
 *
 * Invalidating does not repeat a first request: its answer may be of before the change.
 */
export async function renewed(client: QueryClient, queryKey: QueryKey): Promise<void> {
  const first = client
    .getQueryCache()
    .findAll({ queryKey, fetchStatus: "fetching" })
    .filter(({ state }) => state.data === undefined);
  await client.invalidateQueries({ queryKey }); // until all have answered
  if (first.length === 0) return;
  await client.invalidateQueries({ queryKey, predicate: (query) => first.includes(query) });
}

function problemOf(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  return new ApiProblem(500, { detail: error instanceof Error ? error.message : String(error) });
}

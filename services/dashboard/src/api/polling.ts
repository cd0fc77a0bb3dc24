/** How often the page asks: by how fast the answer changes, slower while the API is down. */
import { ApiProblem } from "./client";

export const LIVE_S = 10;
export const LIST_S = 60;
export const NAMES_S = 300;
const BACKOFF_S = [10, 20, 40, 60] as const;
const JITTER = 0.1; // so that fifty tabs do not ask in the same instant
// One number for the tab: a delay that differs from that of the render before begins anew, and a
// screen that is drawn every ten seconds would never ask what is asked for each minute.
const OF_TAB = Math.random();

/** Return the milliseconds until the next request; `failures`: how many failed in a row. */
export function delayMs(everyS: number, failures: number, random: number): number {
  const step = BACKOFF_S[Math.min(failures, BACKOFF_S.length) - 1] ?? 0;
  const seconds = failures === 0 ? everyS : Math.max(step, Math.min(everyS, 60));
  return Math.round(1000 * seconds * (1 + JITTER * (2 * random - 1)));
}

/** What the delay depends on, of a query of any type. */
interface Asked {
  state: { fetchFailureCount: number };
}

/** Options of a query that is asked again every `everyS` seconds while the tab is visible. */
export function polled(everyS: number) {
  return {
    staleTime: (everyS * 1000) / 2,
    refetchInterval: (query: Asked) => delayMs(everyS, query.state.fetchFailureCount, OF_TAB),
    refetchIntervalInBackground: false,
    refetchOnWindowFocus: true,
    retry: false, // the interval is the retry
  };
}

/** Whether asking again can help: not where the API refuses what was asked. */
export function isTransient(error: Error): boolean {
  return !(error instanceof ApiProblem) || error.status === 0 || error.status >= 500;
}

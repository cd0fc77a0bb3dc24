/** How often the page asks: by how fast the answer changes, slower while the API is down. */
/** Of a screen with many parts, one at most: together they ask three times in ten seconds. */
export const LIVE_S = 10;
export const VALUES_S = 20;
/** What a worker computes is seen within a minute, with the time that ingest and worker take. */
export const COMPUTED_S = 30;
export const LIST_S = 60;
/** Sums of a shift, and what people enter: what the page itself changes is asked for at once. */
export const SUMS_S = 120;
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
  state: { dataUpdateCount: number; errorUpdateCount: number; error: Error | null };
}

// How many answers and errors a query had when it last answered.
const answered = new WeakMap<Asked, { answers: number; errors: number }>();

/** Return how many requests of a query failed since its last answer.
 *
 * The library's own count of failures begins anew with each request.
 */
export function failuresOf(query: Asked): number {
  const { dataUpdateCount: answers, errorUpdateCount: errors, error } = query.state;
  const known = answered.get(query);
  if (known !== undefined && known.answers === answers) return Math.max(0, errors - known.errors);
  // Seen for the first time since an answer: what failed before it does not count.
  const before = answers === 0 ? 0 : errors - (error === null ? 0 : 1);
  answered.set(query, { answers, errors: before });
  return errors - before;
}

/** Options of a query that is asked again every `everyS` seconds while the tab is visible. */
export function polled(everyS: number) {
  return {
    staleTime: (everyS * 1000) / 2,
    refetchInterval: (query: Asked) => delayMs(everyS, failuresOf(query), OF_TAB),
    refetchIntervalInBackground: false,
    refetchOnWindowFocus: true,
    retry: false, // the interval is the retry
  };
}

/** A period of an address: instants, or relative to now. */
interface Period {
  start: string;
  end?: string;
}
const DAYS = /^-\d+[dw]$/;
const LONG_MS = 48 * 3_600_000;

/** Options of a query over a period: a past one changes by late data alone, a long one little. */
export function polledFor({ start, end }: Period, everyS = LIVE_S, nowMs = Date.now()) {
  const isPast = start === "shift:previous" || (end !== undefined && Date.parse(end) <= nowMs);
  const isLong = DAYS.test(start) || Date.parse(start) < nowMs - LONG_MS;
  return polled(isPast || isLong ? Math.max(LIST_S, everyS) : everyS);
}

/** Where a key moves the cursor of the chart. */

const STEPS = 200; // across the picture; ten at once with Shift

interface Span {
  startMs: number;
  endMs: number;
}

/** Return half of a span around an instant of it, inside of it: at its end not half the future. */
export function halfAround({ startMs, endMs }: Span, atMs: number): Span {
  const length = (endMs - startMs) / 2;
  const first = Math.min(Math.max(atMs - length / 2, startMs), endMs - length);
  return { startMs: first, endMs: first + length };
}

/** Return the instant that a key goes to; undefined: it moves nothing. */
export function instantAfterKey(
  key: string,
  fromMs: number | undefined,
  { startMs, endMs }: Span,
  isFar: boolean,
): number | undefined {
  const step = ((endMs - startMs) / STEPS) * (isFar ? 10 : 1);
  switch (key) {
    case "ArrowRight":
      return Math.min((fromMs ?? startMs - step) + step, endMs);
    case "ArrowLeft":
      return Math.max((fromMs ?? endMs + step) - step, startMs);
    case "Home":
      return startMs;
    case "End":
      return endMs;
    default:
      return undefined;
  }
}

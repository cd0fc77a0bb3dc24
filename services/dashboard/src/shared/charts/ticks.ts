/** The marks of a time axis: full minutes, hours or days of the plant's zone. */
import type { Span } from "./timeline";

const MINUTE_MS = 60_000;
const HOUR_MIN = 60;
const DAY_MIN = 1440;
const ZONE_STEP_MIN = 15; // every zone is off UTC by a multiple of it
const STEPS_MIN = [1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, DAY_MIN] as const;
const TICK_MIN_PX = 64;
const LABEL_PX = TICK_MIN_PX - 1; // sums of fractions are not exact

export interface Tick {
  atMs: number;
  x: number;
  /** Midnight: written as its day. */
  isDay: boolean;
}

/** Return as many round times of a zone in a span as fit; days of 23 and 25 h have theirs. */
export function ticksOf(span: Span, zone: string, width: number): Tick[] {
  const length = span.endMs - span.startMs;
  if (width <= 0 || length <= 0) return [];
  const scale = width / length;
  const step =
    STEPS_MIN.find((minutes) => (minutes * MINUTE_MS * width) / length >= TICK_MIN_PX) ?? DAY_MIN;
  const grid = Math.min(step, ZONE_STEP_MIN);
  const ticks: Tick[] = [];
  let atMs = Math.ceil(span.startMs / (grid * MINUTE_MS)) * grid * MINUTE_MS;
  while (atMs < span.endMs) {
    const minute = minuteOfDay(atMs, zone);
    const x = (atMs - span.startMs) * scale;
    // The second 02:00 of an autumn night, or days that are narrower than a label.
    const isFree = x - (ticks.at(-1)?.x ?? Number.NEGATIVE_INFINITY) >= LABEL_PX;
    if (minute % step === 0 && isFree) ticks.push({ atMs, x, isDay: minute === 0 });
    const isFullHour = step >= HOUR_MIN && minute % HOUR_MIN === 0;
    atMs += (isFullHour ? HOUR_MIN : grid) * MINUTE_MS;
  }
  return ticks;
}

const CLOCKS = new Map<string, Intl.DateTimeFormat>();

function minuteOfDay(atMs: number, zone: string): number {
  let clock = CLOCKS.get(zone);
  if (clock === undefined) {
    clock = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    });
    CLOCKS.set(zone, clock);
  }
  const [hour = "0", minute = "0"] = clock.format(atMs).split(":");
  return Number(hour) * HOUR_MIN + Number(minute);
}

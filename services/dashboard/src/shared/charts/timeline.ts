/** The geometry of a state timeline: which piece of time is drawn where, and on top of what. */
import { isOutsidePlan, type MachineState, machineState, severity } from "../states";

/** At least as wide, so that no short stop vanishes. */
export const PIECE_MIN_PX = 2;
const HOUR_MS = 3_600_000;
const TICK_STEPS_H = [1, 2, 3, 4, 6, 12, 24] as const;
const TICK_MIN_PX = 64;

/** A state of the API: an instant is RFC 3339; no `end`: it goes on. */
export interface StateSpan {
  start: string;
  end: string | null;
  duration_s: number | null;
  state: string;
  category: string;
  code: string | null;
  order_number: string | null;
}

export interface Band {
  index: number;
  state: MachineState;
  x: number;
  width: number;
  isOutside: boolean;
}

export interface Span {
  startMs: number;
  endMs: number;
}

/** Return a band for each piece in the span, worse states last, so that they lie on top. */
export function bandsOf(
  pieces: readonly StateSpan[],
  span: Span,
  nowMs: number,
  width: number,
): Band[] {
  const scale = width / (span.endMs - span.startMs);
  const bands = pieces.flatMap((piece, index) => {
    const start = Math.max(Date.parse(piece.start), span.startMs);
    const end = Math.min(piece.end === null ? nowMs : Date.parse(piece.end), span.endMs);
    if (end <= start) return [];
    const band: Band = {
      index,
      state: machineState(piece.state),
      x: (start - span.startMs) * scale,
      width: Math.max(PIECE_MIN_PX, (end - start) * scale),
      isOutside: isOutsidePlan(piece.category),
    };
    return [band];
  });
  return bands.toSorted((left, right) => severity(left.state) - severity(right.state));
}

export interface Total {
  state: MachineState;
  seconds: number;
  count: number;
}

/** Return the time and number of pieces of each state, longest first: sums of the API's seconds. */
export function totalsOf(pieces: readonly StateSpan[]): Total[] {
  const totals = new Map<MachineState, Total>();
  for (const piece of pieces) {
    const state = machineState(piece.state);
    const total = totals.get(state) ?? { state, seconds: 0, count: 0 };
    total.seconds += piece.duration_s ?? 0;
    total.count += 1;
    totals.set(state, total);
  }
  return [...totals.values()].toSorted((left, right) => right.seconds - left.seconds);
}

export interface Tick {
  atMs: number;
  x: number;
}

/** Return the full hours of a zone in a span, as many as fit; days of 23 and 25 h have theirs. */
export function ticksOf(span: Span, zone: string, width: number): Tick[] {
  const scale = width / (span.endMs - span.startMs);
  const length = span.endMs - span.startMs;
  const fitting =
    TICK_STEPS_H.find((hours) => (hours * HOUR_MS * width) / length >= TICK_MIN_PX) ?? 24;
  const first = Math.ceil(span.startMs / (HOUR_MS / 4)) * (HOUR_MS / 4);
  const ticks: Tick[] = [];
  for (let atMs = first; atMs < span.endMs; atMs += HOUR_MS / 4) {
    const { hour, minute } = clockOf(atMs, zone);
    if (minute === 0 && hour % fitting === 0)
      ticks.push({ atMs, x: (atMs - span.startMs) * scale });
  }
  return ticks;
}

const CLOCKS = new Map<string, Intl.DateTimeFormat>();

function clockOf(atMs: number, zone: string): { hour: number; minute: number } {
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
  return { hour: Number(hour), minute: Number(minute) };
}

/** Return the piece that a key goes to from another; undefined: it goes nowhere. */
export function pieceAfterKey(key: string, from: number, count: number): number | undefined {
  if (count === 0) return undefined;
  switch (key) {
    case "ArrowRight":
      return Math.min(from + 1, count - 1);
    case "ArrowLeft":
      return Math.max(from - 1, 0);
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return undefined;
  }
}

/** The geometry of a state timeline: which piece of time is drawn where, and on top of what. */
import { isOutsidePlan, type MachineState, machineState, severity } from "../states";

/** At least as wide, so that no short stop vanishes. */
export const PIECE_MIN_PX = 2;

/** A state of the API: an instant is RFC 3339; no `end`: it goes on. */
export interface StateSpan {
  start: string;
  end: string | null;
  duration_s: number;
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

/** Return the API's present, from a piece that goes on; without one, `otherwiseMs`.
 *
 * The clock of the browser may be wrong: a piece that goes on would end in the future.
 */
export function nowOf(pieces: readonly StateSpan[], otherwiseMs: number): number {
  const open = pieces
    .filter((piece) => piece.end === null)
    .map((piece) => Date.parse(piece.start) + piece.duration_s * 1000);
  return open.length === 0 ? otherwiseMs : Math.max(...open);
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
    const wide = Math.max(PIECE_MIN_PX, (end - start) * scale);
    const band: Band = {
      index,
      state: machineState(piece.state),
      // A short stop at the end of the span would lie outside the picture.
      x: Math.max(0, Math.min((start - span.startMs) * scale, width - wide)),
      width: wide,
      isOutside: isOutsidePlan(piece.category),
    };
    return [band];
  });
  return bands.toSorted((left, right) => severity(left.state) - severity(right.state));
}

/** Return what lies on top at a place of the picture: the band that was drawn last there. */
export function bandAt(bands: readonly Band[], x: number): Band | undefined {
  return bands.findLast((band) => band.x <= x && x < band.x + band.width);
}

export interface Shape {
  state: MachineState;
  path: string;
}

/** Return one path for each state, in the order of drawing: 2,000 pieces are few elements. */
export function shapesOf(bands: readonly Band[], height: number, low: number): Shape[] {
  const paths = new Map<MachineState, string[]>();
  for (const { state, x, width, isOutside } of bands) {
    const tall = isOutside ? low : height;
    const box = `M${px(x)} ${px(height - tall)}h${px(width)}v${px(tall)}h${px(-width)}z`;
    const boxes = paths.get(state);
    if (boxes === undefined) paths.set(state, [box]);
    else boxes.push(box);
  }
  return [...paths].map(([state, boxes]) => ({ state, path: boxes.join("") }));
}

function px(value: number): number {
  return Math.round(value * 100) / 100;
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
    total.seconds += piece.duration_s;
    total.count += 1;
    totals.set(state, total);
  }
  return [...totals.values()].toSorted((left, right) => right.seconds - left.seconds);
}

/** Return the piece that a key goes to from another; undefined: it goes nowhere. */
export function pieceAfterKey(
  key: string,
  from: number | undefined,
  count: number,
): number | undefined {
  if (count === 0) return undefined;
  switch (key) {
    case "ArrowRight":
      return from === undefined ? 0 : Math.min(from + 1, count - 1);
    case "ArrowLeft":
      return from === undefined ? count - 1 : Math.max(from - 1, 0);
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return undefined;
  }
}

/** Return the pieces of each machine, in the order of the machines; unnamed machines come last. */
export function lanesOf<T extends { equipment: string }>(
  pieces: readonly T[],
  machines: readonly string[],
): { equipment: string; pieces: T[] }[] {
  const lanes = new Map<string, T[]>(machines.map((machine) => [machine, []]));
  for (const piece of pieces) {
    const lane = lanes.get(piece.equipment);
    if (lane === undefined) lanes.set(piece.equipment, [piece]);
    else lane.push(piece);
  }
  return [...lanes].map(([equipment, own]) => ({ equipment, pieces: own }));
}

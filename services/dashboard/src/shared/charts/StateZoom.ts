/** Zooming into a timeline: the part of a span that is shown, and how the address writes it. */
import { isoOf } from "../plantTime";
import type { Span } from "./timeline";

/** Below it a second is wider than a finger. */
export const ZOOM_MIN_MS = 60_000;
/** A drag that is shorter was a click. */
export const DRAG_MIN_PX = 6;
const STEP = 2;

/** Return the part that the address names, within the whole; the whole where it names none. */
export function zoomOf(whole: Span, from: string | undefined, to: string | undefined): Span {
  const startMs = from === undefined ? Number.NaN : Date.parse(from);
  const endMs = to === undefined ? Number.NaN : Date.parse(to);
  if (Number.isNaN(startMs) || Number.isNaN(endMs) || startMs >= endMs) return whole;
  const part = within(whole, startMs, endMs);
  return part.endMs <= part.startMs ? whole : part;
}

/** Return the span between two places of the picture, whichever is left. */
export function draggedSpan(span: Span, fromX: number, toX: number, width: number): Span {
  const left = instantAt(span, Math.min(fromX, toX), width);
  const right = instantAt(span, Math.max(fromX, toX), width);
  return widened(span, left, right);
}

export function instantAt(span: Span, x: number, width: number): number {
  if (width <= 0) return span.startMs;
  const share = Math.min(1, Math.max(0, x / width));
  return Math.round(span.startMs + share * (span.endMs - span.startMs));
}

/** Return half of what is shown (or twice as much) around an instant, within the whole. */
export function steppedSpan(whole: Span, shown: Span, direction: 1 | -1, aroundMs?: number): Span {
  const middle = aroundMs ?? (shown.startMs + shown.endMs) / 2;
  const factor = direction > 0 ? 1 / STEP : STEP;
  const startMs = middle - (middle - shown.startMs) * factor;
  const endMs = middle + (shown.endMs - middle) * factor;
  if (direction > 0) return widened(whole, startMs, endMs);
  const length = Math.min(endMs - startMs, whole.endMs - whole.startMs);
  const start = Math.min(Math.max(startMs, whole.startMs), whole.endMs - length);
  return { startMs: Math.round(start), endMs: Math.round(start + length) };
}

/** Write a part for the address, to full seconds; nothing for the whole. */
export function zoomSearch(
  whole: Span,
  part: Span,
  zone: string,
): { from: string | undefined; to: string | undefined } {
  const isWhole = part.startMs <= whole.startMs && part.endMs >= whole.endMs;
  if (isWhole) return { from: undefined, to: undefined };
  const from = Math.floor(part.startMs / 1000) * 1000;
  const to = Math.ceil(part.endMs / 1000) * 1000;
  return { from: isoOf(from, zone), to: isoOf(to, zone) };
}

/** Return a span of at least `ZOOM_MIN_MS` around two instants, moved into the whole. */
function widened(whole: Span, startMs: number, endMs: number): Span {
  if (endMs - startMs >= ZOOM_MIN_MS) return within(whole, Math.round(startMs), Math.round(endMs));
  const before = (startMs + endMs - ZOOM_MIN_MS) / 2;
  const first = Math.max(whole.startMs, Math.min(before, whole.endMs - ZOOM_MIN_MS));
  return within(whole, Math.round(first), Math.round(first + ZOOM_MIN_MS));
}

function within(whole: Span, startMs: number, endMs: number): Span {
  return {
    startMs: Math.max(startMs, whole.startMs),
    endMs: Math.min(endMs, whole.endMs),
  };
}

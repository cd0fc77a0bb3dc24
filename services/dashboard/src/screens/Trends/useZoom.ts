/** The period of the address nearer and wider: each step is in the history of the browser. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useRef } from "react";
import { isoOf } from "../../shared/plantTime";
import type { TimeSpan } from "./useCurves";

const SPAN_MIN_MS = 10_000;
const SECOND_MS = 1000;

export interface Search {
  start: string | undefined;
  end: string | undefined;
}

/** A zoom: from what period to what. */
export interface Zoom {
  from: Search;
  to: Search;
}

/** Return the zooms that can be left from a period: a period that was chosen otherwise ends them. */
export function stillOpen(zooms: readonly Zoom[], shown: Search): readonly Zoom[] {
  const last = zooms.findLastIndex(({ to }) => to.start === shown.start && to.end === shown.end);
  return zooms.slice(0, last + 1);
}

export function useZoom(span: TimeSpan | undefined, zone: string) {
  const navigate = useNavigate({ from: "/trends" });
  const { start: shownStart, end: shownEnd } = useSearch({ from: "/trends" });
  const zooms = useRef<readonly Zoom[]>([]);
  const open = () => stillOpen(zooms.current, { start: shownStart, end: shownEnd });

  function show(next: Search) {
    void navigate({ search: (search) => ({ ...search, ...next }) });
  }

  function into(startMs: number, endMs: number) {
    const start = Math.floor(startMs / SECOND_MS) * SECOND_MS;
    const end = Math.max(Math.ceil(endMs / SECOND_MS) * SECOND_MS, start + SPAN_MIN_MS);
    const to = { start: isoOf(start, zone), end: isoOf(end, zone) };
    zooms.current = [...open(), { from: { start: shownStart, end: shownEnd }, to }];
    show(to);
  }

  function half() {
    if (span === undefined) return;
    const quarter = (span.endMs - span.startMs) / 4;
    into(span.startMs + quarter, span.endMs - quarter);
  }

  /** Back to the period before the last zoom; without one, twice as long. */
  function out() {
    const left = open();
    const last = left.at(-1);
    zooms.current = left.slice(0, -1);
    if (last !== undefined) return show(last.from);
    if (span === undefined) return;
    const half = (span.endMs - span.startMs) / 2;
    const endMs = Math.min(span.endMs + half, Math.max(Date.now(), span.endMs));
    show({
      start: isoOf(Math.floor((endMs - 4 * half) / SECOND_MS) * SECOND_MS, zone),
      end: isoOf(Math.floor(endMs / SECOND_MS) * SECOND_MS, zone),
    });
  }

  return { into, half, out };
}

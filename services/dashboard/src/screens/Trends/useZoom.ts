/** The period of the address nearer and wider: each step is in the history of the browser. */
import { useNavigate } from "@tanstack/react-router";
import { useRef } from "react";
import { isoOf } from "../../shared/plantTime";
import type { TimeSpan } from "./useCurves";

const SPAN_MIN_MS = 10_000;
const SECOND_MS = 1000;

interface Search {
  start: string | undefined;
  end: string | undefined;
}

export function useZoom(span: TimeSpan | undefined, zone: string) {
  const navigate = useNavigate({ from: "/trends" });
  const before = useRef<Search[]>([]);

  function show(next: (search: Record<string, string | undefined>) => Search) {
    void navigate({ search: (search) => ({ ...search, ...next(search) }) });
  }

  function into(startMs: number, endMs: number) {
    const start = Math.floor(startMs / SECOND_MS) * SECOND_MS;
    const end = Math.max(Math.ceil(endMs / SECOND_MS) * SECOND_MS, start + SPAN_MIN_MS);
    show((search) => {
      before.current.push({ start: search.start, end: search.end });
      return { start: isoOf(start, zone), end: isoOf(end, zone) };
    });
  }

  function half() {
    if (span === undefined) return;
    const quarter = (span.endMs - span.startMs) / 4;
    into(span.startMs + quarter, span.endMs - quarter);
  }

  /** Back to the period before the last zoom; without one, twice as long. */
  function out() {
    const last = before.current.pop();
    if (last !== undefined) return show(() => last);
    if (span === undefined) return;
    const half = (span.endMs - span.startMs) / 2;
    const endMs = Math.min(span.endMs + half, Math.max(Date.now(), span.endMs));
    show(() => ({
      start: isoOf(Math.floor((endMs - 4 * half) / SECOND_MS) * SECOND_MS, zone),
      end: isoOf(Math.floor(endMs / SECOND_MS) * SECOND_MS, zone),
    }));
  }

  return { into, half, out };
}

import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { NAMES_S, polled } from "./polling";

type Shift = Schemas["ShiftView"];

interface ShiftSpan {
  startMs: number;
  endMs: number;
}
const SHIFTS_MAX = 1000;

/** The shifts of an equipment that overlap a span. */
export function shifts(equipment: string, start: string, end: string) {
  const query = { equipment, start, end, limit: SHIFTS_MAX };
  return queryOptions({
    queryKey: ["shifts", equipment, start, end],
    queryFn: ({ signal }) => bodyOf(api.GET("/api/v1/shifts", { signal, params: { query } })),
    ...polled(NAMES_S),
  });
}

/** Return when shifts begin and end, the earliest first. */
export function spansOf(items: readonly Shift[]): ShiftSpan[] {
  return items
    .map((shift) => ({ startMs: Date.parse(shift.start), endMs: Date.parse(shift.end) }))
    .toSorted((left, right) => left.startMs - right.startMs);
}

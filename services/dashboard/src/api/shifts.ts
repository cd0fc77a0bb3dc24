import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf } from "./client";
import { NAMES_S } from "./polling";

interface ShiftSpan {
  startMs: number;
  endMs: number;
}
const SHIFTS_MAX = 1000;

/** The shifts of an equipment in a span, the earliest first; asked for when somebody steps. */
export function shiftsOf(equipment: string, start: string, end: string) {
  return queryOptions({
    queryKey: ["shifts", equipment, start, end],
    queryFn: async ({ signal }): Promise<readonly ShiftSpan[]> => {
      const query = { equipment, start, end, limit: SHIFTS_MAX };
      const { items } = await bodyOf(api.GET("/api/v1/shifts", { signal, params: { query } }));
      return items
        .map((shift) => ({ startMs: Date.parse(shift.start), endMs: Date.parse(shift.end) }))
        .toSorted((left, right) => left.startMs - right.startMs);
    },
    staleTime: NAMES_S * 1000,
  });
}

/** The period of the address, and the ways to another one. */
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { shifts, spansOf } from "../api/shifts";
import {
  isShift,
  isSpanOfShift,
  neighbourOf,
  neighbourShift,
  type Period,
  type PeriodChoice,
  periodOf,
  type Span,
  spanOf,
  spanOfShift,
} from "./period";

const DAY_MS = 86_400_000;
const NEAR = 10; // a tenth of its length from now, a period is the named one
const SHIFTS_AROUND_DAYS = 10; // over Christmas, no plant pauses longer between two shifts

export function usePeriod(defaultStart: string): Period {
  const { start = defaultStart, end } = useSearch({ strict: false });
  return useMemo(() => ({ start, ...(end === undefined ? {} : { end }) }), [start, end]);
}

interface Steps {
  zone: string;
  choices: readonly PeriodChoice[];
  period: Period;
  /** The equipment whose shifts are walked. */
  equipment: string | undefined;
}

/** Return what shows another period: a given one, or the one before or after. */
export function usePeriodSteps({ zone, choices, period, equipment }: Steps) {
  const client = useQueryClient();
  const navigate = useNavigate();

  function show({ start, end }: Partial<Period>) {
    void navigate({ to: ".", search: (before) => ({ ...before, start, end }) });
  }

  async function shiftsAround(span: Span | undefined, nowMs: number) {
    const canWalk = choices.some((choice) => choice.startsWith("shift:"));
    const isLong = span !== undefined && span.endMs - span.startMs > DAY_MS;
    if (equipment === undefined || !canWalk || isLong) return [];
    const around = SHIFTS_AROUND_DAYS * DAY_MS;
    const from = new Date((span?.startMs ?? nowMs) - around).toISOString();
    const to = new Date((span?.endMs ?? nowMs) + around).toISOString();
    const page = await client.fetchQuery(shifts(equipment, dayStart(from), dayStart(to)));
    return spansOf(page.items);
  }

  async function step(direction: -1 | 1) {
    const nowMs = Date.now();
    const own = spanOf(period, nowMs, zone);
    const around = await shiftsAround(own, nowMs).catch(() => []);
    const span = own ?? spanOfShift(around, period.start, nowMs);
    if (span === undefined) {
      if (isShift(period)) show({ start: direction < 0 ? "shift:previous" : "shift:current" });
      return;
    }
    const isWalked = isShift(period) || isSpanOfShift(around, span);
    const next = isWalked
      ? neighbourShift(around, span, direction)
      : neighbourOf(span, direction, zone);
    if (next !== undefined && next.startMs < nowMs) show(namedOf(next, around, nowMs));
  }

  /** The named period that a span is; else its two ends. */
  function namedOf(span: Span, around: readonly Span[], nowMs: number): Period {
    const known = choices.find((choice) => {
      const other = spanOf({ start: choice }, nowMs, zone) ?? spanOfShift(around, choice, nowMs);
      if (other === undefined) return false;
      if (choice.startsWith("shift:")) return isSpanOfShift([other], span);
      const lengthMs = span.endMs - span.startMs;
      const isUpToNow = span.endMs >= nowMs - lengthMs / NEAR;
      return isUpToNow && Math.abs(other.endMs - other.startMs - lengthMs) < lengthMs / NEAR;
    });
    return known === undefined ? periodOf(span, zone) : { start: known };
  }

  return { show, step };
}

/** Whole days make answers that several steps share. */
function dayStart(iso: string): string {
  return `${iso.slice(0, 10)}T00:00:00Z`;
}

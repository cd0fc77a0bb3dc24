/** The rows of a loss waterfall: each step of the time model, before it what was lost to it. */
import type { Schemas } from "../../api/client";

type LossTimes = Schemas["LossTimesView"];

export interface WaterfallRow {
  key: string;
  kind: "step" | "loss" | "planned" | "not_judged" | "gain";
  name: string;
  seconds: number;
  share: number | null;
  /** Where its bar begins and how long it is, as shares of the first step. */
  from: number;
  length: number;
}

/** Return the steps and their parts, from the whole time down to the time of good parts. */
export function waterfallOf(times: LossTimes): WaterfallRow[] {
  const whole = times.steps[0]?.seconds ?? 0;
  if (whole <= 0) return [];
  const rows: WaterfallRow[] = [];
  for (const [index, step] of times.steps.entries()) {
    rows.push(row("step", step.name, step.seconds, step.share, 0, step.seconds / whole));
    let end = step.seconds;
    const next = times.steps[index + 1];
    if (next === undefined) break;
    for (const part of partsAfter(times, step.name)) {
      if (part.seconds === 0) continue;
      // A negative part is a gain: faster than the ideal cycle. Its bar goes the other way.
      const from = Math.min(end, end - part.seconds);
      end -= part.seconds;
      const length = Math.abs(part.seconds) / whole;
      const kind = part.seconds < 0 ? "gain" : kindOf(part.kind);
      rows.push(row(kind, part.category, part.seconds, part.share, from / whole, length));
    }
  }
  return rows;
}

function partsAfter(times: LossTimes, step: string) {
  return times.parts.filter((part) => part.step === step);
}

function kindOf(kind: string): WaterfallRow["kind"] {
  return kind === "planned" || kind === "not_judged" ? kind : "loss";
}

function row(
  kind: WaterfallRow["kind"],
  name: string,
  seconds: number,
  share: number | null,
  from: number,
  length: number,
): WaterfallRow {
  return { key: `${kind} ${name}`, kind, name, seconds, share, from: Math.max(0, from), length };
}

/** Where the planned busy time of a line went: a few parts that add up to it. */
import type { MachineState } from "../../shared/states";

export const PARTS = [
  "producing",
  "speed",
  "scrap",
  "setup",
  "down",
  "material",
  "blocked",
  "suspended",
  "idle",
  "unknown",
  "other",
] as const;
export type Part = (typeof PARTS)[number];

export interface Segment {
  part: Part;
  seconds: number;
  /** Where it begins and how long it is, as shares of the whole. */
  from: number;
  share: number;
}

/** The state whose colour and pattern a part has; parts of the production time have their own. */
export const STATE_OF: Partial<Record<Part, MachineState>> = {
  producing: "producing",
  setup: "setup",
  down: "malfunction",
  material: "starved",
  blocked: "blocked",
  suspended: "suspended",
  idle: "idle",
  unknown: "unknown",
  other: "off",
};

const OUTSIDE = new Set(["off_shift", "planned_down"]);
const STOPS: Readonly<Record<string, Part>> = {
  set_up: "setup",
  malfunction: "down",
  minor_stop: "down",
  supply_caused: "material",
  starved: "material",
  blocked: "blocked",
  suspended: "suspended",
  idle: "idle",
  no_order: "idle",
  unknown: "unknown",
};
/** Parts of the production time, which holds them. */
const INSIDE: Readonly<Record<string, Part>> = {
  speed: "speed",
  speed_not_judged: "producing",
  start_up: "scrap",
  scrap: "scrap",
};

/** Return the parts in the order of `PARTS`, without those of no time.
 *
 * A negative speed loss is a gain: there is nothing to draw of it.
 */
export function segmentsOf(times: Readonly<Record<string, number>>): Segment[] {
  const seconds = new Map<Part, number>();
  const add = (part: Part, more: number) => seconds.set(part, (seconds.get(part) ?? 0) + more);
  let producing = times.production ?? 0;
  for (const [category, time] of Object.entries(times)) {
    if (category === "production" || OUTSIDE.has(category) || time <= 0) continue;
    const inside = INSIDE[category];
    if (inside === undefined) {
      // A newer API may have a category that this page does not know.
      add(STOPS[category] ?? "other", time);
    } else if (inside !== "producing") {
      const part = Math.min(time, producing);
      producing -= part;
      add(inside, part);
    }
  }
  add("producing", producing);
  const whole = wholeOf(seconds);
  let from = 0;
  return PARTS.flatMap((part) => {
    const time = seconds.get(part) ?? 0;
    if (time <= 0) return [];
    const segment = { part, seconds: time, from, share: time / whole };
    from += segment.share;
    return [segment];
  });
}

function wholeOf(seconds: ReadonlyMap<Part, number>): number {
  return [...seconds.values()].reduce((sum, time) => sum + time, 0);
}

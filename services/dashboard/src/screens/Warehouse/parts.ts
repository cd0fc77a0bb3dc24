/** What the parts of a warehouse have in common with the first stop. */
import type { PartSupply } from "../../api/warehouse";

export const BAR_DAYS = 5; // as long as the bar of days of supply is

export type StoppingPart = PartSupply & { stops_at: string };

function stops(part: PartSupply): part is StoppingPart {
  return part.stops_at !== null;
}

/** Return the part whose shortage stops a line first. */
export function firstStop(parts: readonly PartSupply[]): StoppingPart | undefined {
  return parts.filter(stops).reduce<StoppingPart | undefined>((first, part) => {
    const isEarlier = first === undefined || Date.parse(part.stops_at) < Date.parse(first.stops_at);
    return isEarlier ? part : first;
  }, undefined);
}

/** Return the share of the bar that days of supply fill. */
export function filledShare(days: number): number {
  return Math.min(Math.max(days / BAR_DAYS, 0), 1);
}

/** Which plant needs help most: the one that lost the most time of its shift, or of its week. */
import type { OverviewItem } from "../api/overview";

const NOT_LOST = new Set(["production", "off_shift", "planned_down", "unknown"]);

/** Return the lost seconds of the period that a card shows. */
export function lostSeconds(item: OverviewItem): number {
  const times = (item.now ?? item.week).times_s;
  return Object.entries(times).reduce(
    (sum, [category, seconds]) => (NOT_LOST.has(category) ? sum : sum + Number(seconds)),
    0,
  );
}

/** Order: those in a shift, the greatest loss first; then those that show their week; by name. */
export function byNeed(left: OverviewItem, right: OverviewItem): number {
  return (
    Number(right.now !== null) - Number(left.now !== null) ||
    lostSeconds(right) - lostSeconds(left) ||
    left.name.localeCompare(right.name)
  );
}

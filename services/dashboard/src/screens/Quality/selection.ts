/** Which entries a decision or a replay is about. */
import type { QuarantineGroup, Selection } from "../../api/quarantine";

const MARGIN_MS = 2 * 60_000; // repeats are reported a minute after they began
const PREVIEW_MS = 30 * 86_400_000;

/** The chosen entries; without one, all of the group. */
export function selectionOf(group: QuarantineGroup, selected: ReadonlySet<number>): Selection {
  return selected.size > 0 ? { ids: [...selected] } : { ids: [], reason: group.reason };
}

export function sizeOf(group: QuarantineGroup, selected: ReadonlySet<number>): number {
  return selected.size > 0 ? selected.size : group.entries;
}

/** The begin of a preview: shortly before the first entry, not more than 30 days ago. */
export function previewStart(firstAt: string, nowMs: number): string {
  const start = Math.max(Date.parse(firstAt) - MARGIN_MS, nowMs - PREVIEW_MS);
  return new Date(start).toISOString();
}

/** The ids of replays that an address holds: "12,13". */
export function idsOf(text: string | undefined): number[] {
  return (text ?? "")
    .split(",")
    .map(Number)
    .filter((id) => Number.isSafeInteger(id) && id > 0);
}

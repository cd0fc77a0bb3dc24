/** Which entries a decision or a replay is about. */
import type { QuarantineEntry, QuarantineGroup, Selection } from "../../api/quarantine";

const MARGIN_MS = 2 * 60_000; // repeats are reported a minute after they began
const PREVIEW_MS = 30 * 86_400_000;

export type ChosenGroup =
  | { is: "group"; group: QuarantineGroup }
  /** Nothing is chosen yet: the address gets this reason. */
  | { is: "first"; reason: string }
  /** What the address names has no undecided entry any more. */
  | { is: "gone" }
  | { is: "unknownEntry" }
  | { is: "waiting" }
  | { is: "nothing" };

/** Return the group that the address names, by its reason or by an entry of it.
 *
 * The list is sorted anew each time: a group that is gone is never replaced by another, about which
 * a person would decide without having looked at it.
 *
 * `named`: the entry of the address; undefined: it names none, or the answer is under way.
 */
export function chosenGroup(
  groups: readonly QuarantineGroup[] | undefined,
  address: { reason: string | undefined; entry: number | undefined },
  named: QuarantineEntry | null | undefined,
): ChosenGroup {
  if (groups === undefined) return { is: "waiting" };
  const { reason, entry } = address;
  if (reason !== undefined) {
    const group = groups.find((one) => one.reason === reason);
    return group === undefined ? { is: "gone" } : { is: "group", group };
  }
  if (entry !== undefined) {
    if (named === undefined) return { is: "waiting" };
    return named === null ? { is: "unknownEntry" } : { is: "first", reason: named.group };
  }
  const [first] = groups;
  return first === undefined ? { is: "nothing" } : { is: "first", reason: first.reason };
}

/** Return the entry that the address names: of the list, or as it was found by its id; null: none.
 *
 * Undefined: the answer is under way.
 */
export function openedEntry(
  entries: readonly QuarantineEntry[],
  entry: number | undefined,
  named: QuarantineEntry | null | undefined,
  reason: string,
): QuarantineEntry | null | undefined {
  if (entry === undefined) return undefined;
  const listed = entries.find(({ id }) => id === entry);
  if (listed !== undefined || named == null) return listed ?? named;
  return named.group === reason ? named : null; // beside the repair of another group
}

/** Return what of a selection can still be seen and decided. */
export function stillListed(
  entries: readonly QuarantineEntry[],
  selected: ReadonlySet<number>,
): ReadonlySet<number> {
  return new Set(entries.flatMap(({ id }) => (selected.has(id) ? [id] : [])));
}

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

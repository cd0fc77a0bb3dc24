/** What became of a due line, as one word. */
import type { Plant } from "../../api/plants";
import type { DueLine } from "../../api/suppliers";

export type LineState =
  | "late"
  | "overdue"
  | "early"
  | "open"
  | "delivered"
  | "ok"
  | "partial"
  | "uncertain";

export function stateOf(line: DueLine): LineState {
  if (line.open_quantity > 0) return line.late ? "overdue" : "open";
  if (line.is_uncertain) return "uncertain";
  if (line.late) return "late";
  // Delivered, but no result before the window ends: more may be sent back or corrected.
  if (line.on_time === null) return "delivered";
  // Neither late nor in its window: it came before the window began.
  if (!line.on_time) return "early";
  return line.in_full === true ? "ok" : "partial";
}

/** Return the time zone of a site: that of the plant with its name, else the one of the list. */
export function zoneOfSite(
  all: readonly Pick<Plant, "path" | "time_zone">[],
  site: string | null,
  otherwise: string,
): string {
  const plant = all.find(({ path }) => path === site || path.endsWith(`/${site}`));
  return plant?.time_zone ?? otherwise;
}

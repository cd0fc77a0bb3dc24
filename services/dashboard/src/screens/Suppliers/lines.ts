/** What became of a due line, as one word. */
import type { DueLine } from "../../api/suppliers";

export type LineState = "late" | "overdue" | "open" | "ok" | "partial" | "uncertain";

export function stateOf(line: DueLine): LineState {
  if (line.open_quantity > 0) return line.late ? "overdue" : "open";
  if (line.is_uncertain) return "uncertain";
  if (line.on_time !== true) return "late";
  return line.in_full === true ? "ok" : "partial";
}

/** Every answer that quantities go into. */
export const QUANTITIES_CHANGED = [
  ["quantity_entries"],
  ["counts"],
  ["kpi_values"],
  ["loss_times"],
  ["losses"],
  ["shift_reports"],
] as const;

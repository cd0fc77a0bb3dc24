/** The order of the values of a table: numbers by size, texts as people order them. */
export type SortValue = string | number | boolean | null | undefined;

export function compareValues(left: SortValue, right: SortValue): number {
  if (typeof left === "number" && typeof right === "number") return left - right;
  // "press-9" before "press-10".
  return String(left).localeCompare(String(right), undefined, { numeric: true });
}

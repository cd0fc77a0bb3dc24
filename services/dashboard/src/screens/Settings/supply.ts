/** What the forms of supply send. */
import type { LineMaterial, NewLineMaterial } from "../../api/policies";

/** Return a material of a line as the API takes it. */
export function entryOf(item: LineMaterial): NewLineMaterial {
  const { equipment: _, ...entry } = item;
  return entry;
}

/** Return the list with one entry changed, or added at its end; and where the entry is. */
export function withEntry(
  items: readonly NewLineMaterial[],
  index: number | undefined,
  entry: NewLineMaterial,
): { items: NewLineMaterial[]; index: number } {
  if (index === undefined) return { items: [...items, entry], index: items.length };
  return { items: items.map((one, at) => (at === index ? entry : one)), index };
}

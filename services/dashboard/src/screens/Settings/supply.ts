/** What the forms of supply send. */
import type { LineMaterial, NewLineMaterial } from "../../api/policies";

/** Return a material of a line as the API takes it. */
export function entryOf(item: LineMaterial): NewLineMaterial {
  const { equipment: _, ...entry } = item;
  return entry;
}

/** What makes a material of a line the same one, wherever a list has it. */
export function keyOf({ material, warehouse, valid_from }: Keyed): string {
  return JSON.stringify([material, warehouse, valid_from ?? null]);
}
type Keyed = Pick<NewLineMaterial, "material" | "warehouse" | "valid_from">;

export interface Changed {
  items: NewLineMaterial[];
  /** Where the entry is in the list. */
  index: number;
}

/** Return the newest list with one entry changed, or added at its end.
 *
 * Undefined: the entry is gone since the form was opened.
 */
export function withEntry(
  items: readonly NewLineMaterial[],
  former: string | undefined,
  entry: NewLineMaterial,
): Changed | undefined {
  if (former === undefined) return { items: [...items, entry], index: items.length };
  const index = items.findIndex((one) => keyOf(one) === former);
  if (index < 0) return undefined;
  return { items: items.map((one, at) => (at === index ? entry : one)), index };
}

export function withoutEntry(items: readonly NewLineMaterial[], key: string): NewLineMaterial[] {
  return items.filter((one) => keyOf(one) !== key);
}

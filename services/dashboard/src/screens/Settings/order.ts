/** Puts a reason before or after its neighbour. */
interface Placed {
  code: string;
  plant: string | null;
  parent: string | null;
}

export interface Order {
  codes: string[];
  former: string[];
}

/** Return the siblings in their new order, and in the former one; undefined: at an end of the list. */
export function movedOrder(
  reasons: readonly Placed[],
  moved: Placed,
  by: -1 | 1,
): Order | undefined {
  const former = reasons
    .filter((one) => one.parent === moved.parent && one.plant === moved.plant)
    .map(({ code }) => code);
  const at = former.indexOf(moved.code);
  const other = former[at + by];
  if (at < 0 || other === undefined) return undefined;
  const codes = [...former];
  codes[at] = other;
  codes[at + by] = moved.code;
  return { codes, former };
}

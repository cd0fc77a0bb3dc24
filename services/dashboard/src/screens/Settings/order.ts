/** Puts a reason before or after its neighbour: which positions change. */
interface Placed {
  code: string;
  plant: string | null;
  parent: string | null;
  position: number;
}

/** Return the new positions of the siblings that get another one; none at an end of the list. */
export function movedPositions(
  reasons: readonly Placed[],
  moved: Placed,
  by: -1 | 1,
): { code: string; position: number }[] {
  const siblings = reasons.filter(
    (one) => one.parent === moved.parent && one.plant === moved.plant,
  );
  const at = siblings.findIndex((one) => one.code === moved.code);
  const other = siblings[at + by];
  if (at < 0 || other === undefined) return [];
  const ordered = [...siblings];
  ordered[at] = other;
  ordered[at + by] = moved;
  return ordered.flatMap(({ code, position }, index) =>
    position === (index + 1) * STEP ? [] : [{ code, position: (index + 1) * STEP }],
  );
}

const STEP = 10; // so that others fit between

/** Which reasons a person can choose for a stop: found by typing, or the most used by a digit. */

export interface KnownReason {
  code: string;
  name_en: string;
  name_de: string;
  path: readonly string[];
  retired: boolean;
}

export interface UsedReason {
  reason: string | null;
  stops: number;
}

export const MOST_USED = 9;

/** Return the reasons that have every typed word in a name of their path or in their code. */
export function matching<T extends KnownReason>(reasons: readonly T[], typed: string): T[] {
  const byCode = new Map(reasons.map((reason) => [reason.code, reason]));
  const words = folded(typed).split(/\s+/).filter(Boolean);
  return reasons.filter((reason) => {
    if (reason.retired) return false;
    const text = folded(
      reason.path
        .map((code) => byCode.get(code))
        .map((part) => (part === undefined ? "" : `${part.name_en} ${part.name_de} ${part.code}`))
        .join(" "),
    );
    return words.every((word) => text.includes(word));
  });
}

/** Return at most nine reasons, the most used first; filled up in the order of the tree. */
export function mostUsed<T extends KnownReason>(
  reasons: readonly T[],
  used: readonly UsedReason[],
): T[] {
  const stops = new Map<string, number>();
  for (const { reason, stops: count } of used) {
    if (reason !== null) stops.set(reason, (stops.get(reason) ?? 0) + count);
  }
  const parents = new Set(reasons.flatMap(({ path }) => path.slice(0, -1)));
  const open = reasons.filter(
    ({ code, retired }) => !retired && (!parents.has(code) || stops.has(code)),
  );
  return open
    .toSorted((left, right) => (stops.get(right.code) ?? 0) - (stops.get(left.code) ?? 0))
    .slice(0, MOST_USED);
}

function folded(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

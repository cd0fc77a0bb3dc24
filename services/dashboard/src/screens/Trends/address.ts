/** What the address of the screen holds: which signals, and of when. */

export const SIGNALS_MAX = 8;

export interface Chosen {
  /** At most `SIGNALS_MAX`, each once, in the order of the address. */
  ids: number[];
  /** How many the address names beyond them. */
  dropped: number;
}

/** Read `signal=12,15`; what is no id is left out. */
export function chosenOf(text: string | undefined): Chosen {
  const named = (text ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => /^[1-9]\d{0,9}$/.test(part))
    .map(Number);
  const ids = [...new Set(named)];
  return { ids: ids.slice(0, SIGNALS_MAX), dropped: Math.max(0, ids.length - SIGNALS_MAX) };
}

/** Write the ids as the address has them; undefined without one. */
export function textOf(ids: readonly number[]): string | undefined {
  return ids.length === 0 ? undefined : ids.join(",");
}

/** What a search shows first, and where it leads. */
import type { Named } from "../api/search";

const SHOWN = 20;

/** Return what has all words, names that begin with the text first, short paths before long ones. */
export function found(all: readonly Named[], text: string): Named[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const [first] = words;
  if (first === undefined) return [];
  const rank = ({ name, key }: Named) => {
    if (name.toLowerCase() === first || key.toLowerCase() === first) return 0;
    return name.toLowerCase().startsWith(first) || key.toLowerCase().startsWith(first) ? 1 : 2;
  };
  return all
    .filter(({ name, key }) => {
      const whole = `${name} ${key}`.toLowerCase();
      return words.every((word) => whole.includes(word));
    })
    .toSorted((left, right) => rank(left) - rank(right) || left.key.length - right.key.length)
    .slice(0, SHOWN);
}

/** Return the screen that shows what was found. */
export function addressOf({ kind, key, level }: Named) {
  if (kind === "supplier") return { to: "/suppliers", search: { supplier: key } } as const;
  if (kind === "part")
    return { to: "/warehouse/$", params: { _splat: "" }, search: { part: key } } as const;
  if (kind === "signal") return { to: "/trends", search: { signal: key } } as const;
  const params = { _splat: key };
  if (level === "line" || level === "machine")
    return { to: "/machine/$", params, search: {} } as const;
  return level === "plant"
    ? ({ to: "/plant/$", params, search: {} } as const)
    : ({ to: "/losses", search: { under: key } } as const);
}

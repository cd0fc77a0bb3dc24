/** Which key does what: the newest handler of a key wins, the one of the focused part first. */
export interface Shortcut {
  /** A key as `event.key` has it, or two after each other: `g p`. */
  key: string;
  run: () => void;
  /** What it does, for the list of shortcuts. */
  label?: string | undefined;
  /** The part in which it works; several parts may have the same key. */
  within?: (() => Element | null) | undefined;
}

/** What a press has, of a keyboard event. */
export interface Press {
  key: string;
  altKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  isAltGraph: boolean;
}

const SEQUENCE_MS = 1500;
const STORED = "werknetz.shortcuts";

export class Shortcuts {
  #known: Shortcut[] = [];
  #first: { key: string; atMs: number } | undefined;

  /** Add a shortcut; return what takes it away. */
  add(shortcut: Shortcut): () => void {
    this.#known = [...this.#known, shortcut];
    return () => {
      this.#known = this.#known.filter((other) => other !== shortcut);
    };
  }

  get all(): readonly Shortcut[] {
    return this.#known;
  }

  /** Return what a press means; a first key of two is remembered for a moment. */
  pressed(press: Press, nowMs: number, focused: Element | null): Shortcut | undefined {
    const before = this.#first;
    this.#first = undefined;
    if (!isPlain(press)) return undefined;
    if (before !== undefined && nowMs - before.atMs <= SEQUENCE_MS) {
      const both = this.#find(`${before.key} ${press.key}`, focused);
      if (both !== undefined) return both;
    }
    const one = this.#find(press.key, focused);
    const begins = this.#known.some(({ key }) => key.startsWith(`${press.key} `));
    if (one === undefined && begins) this.#first = { key: press.key, atMs: nowMs };
    return one;
  }

  #find(key: string, focused: Element | null): Shortcut | undefined {
    const found = this.#known.filter((shortcut) => shortcut.key === key);
    return (
      innermost(found.filter(({ within }) => within?.()?.contains(focused) ?? false)) ??
      found.findLast(({ within }) => within === undefined) ??
      found[0]
    );
  }
}

/** Of parts inside of each other, a number inside its tile, the inner one has the key. */
function innermost(found: readonly Shortcut[]): Shortcut | undefined {
  return found.reduce<Shortcut | undefined>((best, next) => {
    const outer = best?.within?.();
    return outer?.contains(next.within?.() ?? null) === false ? best : next;
  }, undefined);
}

/** No control key; Alt alone makes the signs of some keyboards, but no letter of a shortcut. */
function isPlain({ key, altKey, ctrlKey, metaKey, isAltGraph }: Press): boolean {
  if (metaKey) return false;
  if (isAltGraph) return true;
  if (ctrlKey) return false;
  return !altKey || !/^[a-z0-9]$/i.test(key);
}

/** Whether a key is a sign: those can be switched off (WCAG 2.1.4); Enter and arrows cannot. */
export function isSign(key: string): boolean {
  return [...(key.split(" ")[0] ?? "")].length === 1;
}

export function areShortcutsOn(): boolean {
  return globalThis.localStorage?.getItem(STORED) !== "off";
}

export function switchShortcuts(isOn: boolean): void {
  globalThis.localStorage?.setItem(STORED, isOn ? "on" : "off");
}

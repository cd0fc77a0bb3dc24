/** What the addresses of the screens hold beside their paths. */

/** What an address holds beside its path: the period of a screen. */
export interface PeriodSearch {
  start?: string;
  end?: string;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Return the texts of an address with these names. */
function textsOf<Name extends string>(
  search: Record<string, unknown>,
  names: readonly Name[],
): Partial<Record<Name, string>> {
  const found: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const text = textOf(search[name]);
    if (text !== undefined) found[name] = text;
  }
  return found;
}

/** What the address of the losses holds: of what, of when, grouped and ordered how. */
export interface LossSearch extends PeriodSearch {
  under?: string;
  by?: string;
  sort?: string;
  unit?: string;
  open?: string;
}

const LOSSES = ["start", "end", "under", "by", "sort", "unit", "open"] as const;
export const lossSearchOf = (search: Record<string, unknown>) => textsOf(search, LOSSES);

/** What an address holds: texts alone; each screen checks the ones that it reads. */
export type ScreenSearch = Partial<Record<string, string>>;

export function searchOf(search: Record<string, unknown>): ScreenSearch {
  return Object.fromEntries(
    Object.entries(search).flatMap(([name, value]) => {
      const text = textOf(value);
      return text === undefined ? [] : [[name, text]];
    }),
  );
}

/** What an address of any screen may hold: whether it is on a wall, and what comes after it. */
export const WALL = ["kiosk", "rotate"] as const;
export const wallOf = (search: Record<string, unknown>) => textsOf(search, WALL);

/** Which two versions are compared, and the lines in which two documents differ. */

interface Version {
  version: number;
  state: string;
}

/** The versions of the address; else the newest against the active one, or the one before. */
export function versionsOf(
  versions: readonly Version[],
  fromText: string | undefined,
  toText: string | undefined,
): { from: number | undefined; to: number | undefined } {
  const numbers = versions.map(({ version }) => version).sort((left, right) => right - left);
  const known = (text: string | undefined) => numbers.find((one) => String(one) === text);
  const to = known(toText) ?? numbers[0];
  const active = versions.find(({ state }) => state === "active")?.version;
  const before = numbers.find((one) => to !== undefined && one < to);
  const from = known(fromText) ?? (active !== undefined && active !== to ? active : before);
  return { from, to };
}

export interface Line {
  sign: " " | "-" | "+";
  text: string;
}

export const LINES_MAX = 4000;

export function countLines(text: string): number {
  return text.split("\n").length;
}

/** The lines of both texts in order, those of one alone with its sign (longest common part). */
export function diffLines(before: string, after: string): Line[] {
  const old = before.split("\n").slice(0, LINES_MAX);
  const now = after.split("\n").slice(0, LINES_MAX);
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start += 1;
  let end = 0;
  while (
    end < Math.min(old.length, now.length) - start &&
    old[old.length - 1 - end] === now[now.length - 1 - end]
  ) {
    end += 1;
  }
  const same = (text: string): Line => ({ sign: " ", text });
  return [
    ...old.slice(0, start).map(same),
    ...diffMiddle(old.slice(start, old.length - end), now.slice(start, now.length - end)),
    ...old.slice(old.length - end).map(same),
  ];
}

function diffMiddle(old: readonly string[], now: readonly string[]): Line[] {
  const lengths = commonLengths(old, now);
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    const [left, right] = [old[i], now[j]];
    if (left !== undefined && left === right) {
      lines.push({ sign: " ", text: left });
      i += 1;
      j += 1;
    } else if (
      left !== undefined &&
      (right === undefined || at(lengths, i + 1, j) >= at(lengths, i, j + 1))
    ) {
      lines.push({ sign: "-", text: left });
      i += 1;
    } else {
      lines.push({ sign: "+", text: right ?? "" });
      j += 1;
    }
  }
  return lines;
}

/** How many lines the rests of both have in common, for each begin of a rest. */
function commonLengths(old: readonly string[], now: readonly string[]): number[][] {
  const lengths: number[][] = Array.from({ length: old.length + 1 }, () => []);
  for (let i = old.length - 1; i >= 0; i -= 1) {
    const row: number[] = [];
    for (let j = now.length - 1; j >= 0; j -= 1) {
      const below = lengths[i + 1];
      row[j] =
        old[i] === now[j] ? (below?.[j + 1] ?? 0) + 1 : Math.max(below?.[j] ?? 0, row[j + 1] ?? 0);
    }
    lengths[i] = row;
  }
  return lengths;
}

function at(lengths: readonly (readonly number[])[], i: number, j: number): number {
  return lengths[i]?.[j] ?? 0;
}

/** The lines that differ, with some around them; `null` stands for what is left out. */
export function withContext(lines: readonly Line[], around: number): (Line | null)[] {
  const isShown = (index: number) =>
    lines.slice(Math.max(0, index - around), index + around + 1).some(({ sign }) => sign !== " ");
  return lines.flatMap((line, index) => {
    if (isShown(index)) return [line];
    return index === 0 || isShown(index - 1) ? [null] : [];
  });
}

/** How the keys walk a tree table: up, down, open, close, to the parent. */

/** Move the focus from a row as the key asks; true: the key was used. */
export function walk(key: string, row: HTMLElement, toggle: (row: HTMLElement) => void): boolean {
  const rows = [
    ...(row.parentElement?.querySelectorAll<HTMLElement>(":scope > tr[aria-level]") ?? []),
  ];
  const at = rows.indexOf(row);
  const isOpen = row.getAttribute("aria-expanded");
  const go = (index: number) => {
    rows[index]?.focus();
    return true;
  };
  switch (key) {
    case "ArrowDown":
      return go(at + 1);
    case "ArrowUp":
      return go(at - 1);
    case "Home":
      return go(0);
    case "End":
      return go(rows.length - 1);
    case "ArrowRight":
      if (isOpen === "false") toggle(row);
      else if (isOpen === "true") go(at + 1);
      return true;
    case "ArrowLeft":
      if (isOpen === "true") toggle(row);
      else go(parentOf(rows.map(levelOf), at));
      return true;
    default:
      return false;
  }
}

/** Return the index of the row above `at` that is one level higher; its own without one. */
export function parentOf(levels: readonly number[], at: number): number {
  const level = levels[at] ?? 0;
  const parent = levels.slice(0, at).findLastIndex((other) => other < level);
  return parent === -1 ? at : parent;
}

function levelOf(row: HTMLElement): number {
  return Number(row.getAttribute("aria-level"));
}

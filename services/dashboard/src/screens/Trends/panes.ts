/** Which signals share a pane: those of one unit. */

export const PANES_MAX = 4;

/** A signal of the screen; `index`: its place in the address, which gives number and colour. */
export interface Curve {
  id: number;
  index: number;
  unit: string | null;
}

export interface Pane<T extends Curve> {
  unit: string | null;
  curves: T[];
}

/** Return the panes in the order of their first signal, and the signals for which none is left. */
export function panesOf<T extends Curve>(curves: readonly T[]): { panes: Pane<T>[]; rest: T[] } {
  const panes: Pane<T>[] = [];
  const rest: T[] = [];
  for (const curve of curves) {
    const pane = panes.find((one) => one.unit === curve.unit);
    if (pane !== undefined) pane.curves.push(curve);
    else if (panes.length < PANES_MAX) panes.push({ unit: curve.unit, curves: [curve] });
    else rest.push(curve);
  }
  return { panes, rest };
}

/** A tree of losses: each level divides its parent by one more dimension, when it is opened. */
import type { LossRow } from "../../api/losses";

export type Dimension = "plant" | "line" | "machine" | "category" | "reason";
export const GROUPINGS = {
  plant: ["plant", "line", "machine", "category", "reason"],
  line: ["line", "machine", "category", "reason"],
  machine: ["machine", "category", "reason"],
  category: ["category", "line", "machine", "reason"],
  reason: ["reason", "line", "machine"],
} as const satisfies Record<string, readonly Dimension[]>;
export type Grouping = keyof typeof GROUPINGS;

/** What a row has of a dimension; without a value, why. */
export interface Step {
  dimension: Dimension;
  value: string | null;
  absent: string | undefined;
}

const EQUIPMENT: readonly Dimension[] = ["plant", "line", "machine"];

export function isGrouping(text: string): text is Grouping {
  return Object.hasOwn(GROUPINGS, text);
}

export function stepOf(row: LossRow, dimension: Dimension): Step {
  return { dimension, value: row[dimension], absent: row.absent[dimension] };
}

/** Return what identifies a row among all of the tree. */
export function keyOf(steps: readonly Step[]): string {
  return steps.map((step) => `${step.dimension}=${step.value ?? `-${step.absent}`}`).join(" ");
}

/** Return what to ask for: the rows below `steps`, divided by `next`. */
export function childrenOf(roots: readonly string[], steps: readonly Step[], next: Dimension) {
  const place = steps.findLast((step) => isPlace(step))?.value;
  const divided = steps.filter((step) => !isPlace(step)).map(({ dimension }) => dimension);
  return { under: place == null ? roots : [place], groupBy: [...divided, next] };
}

/** Return the rows of an answer that belong below `steps`: it may hold those of others, too. */
export function below(items: readonly LossRow[], steps: readonly Step[]): LossRow[] {
  const divided = steps.filter((step) => !isPlace(step));
  return items.filter((row) =>
    divided.every(
      ({ dimension, value, absent }) =>
        row[dimension] === value && (value !== null || row.absent[dimension] === absent),
    ),
  );
}

export type Order = "time" | "change";

/** Order rows: as the API does, the longest first, or by what grew most of the busy time. */
export function ordered(rows: readonly LossRow[], order: Order): LossRow[] {
  if (order === "time") return [...rows];
  const change = (row: LossRow) => row.compared?.change_points ?? Number.NEGATIVE_INFINITY;
  return rows.toSorted((left, right) => compare(change(right), change(left)));
}

function compare(left: number, right: number): number {
  return left === right ? 0 : left - right; // two infinities have no difference
}

/** An equipment: its losses are asked for by its path. */
function isPlace(step: Step): boolean {
  return step.value !== null && EQUIPMENT.includes(step.dimension);
}

/** Return the seconds that a row lost in the period before; null: nothing was planned then. */
export function secondsBefore(row: LossRow): number | null {
  return row.compared == null || row.compared.busy_share === null ? null : row.compared.seconds;
}

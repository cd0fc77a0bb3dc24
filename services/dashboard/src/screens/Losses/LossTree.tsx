/** Losses as a tree table: arrow keys walk, open and close it. */
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import type { LossRanking } from "../../api/losses";
import { Refused } from "../../shared/Refused";
import { useCodeName } from "../../shared/useCodeName";
import { walk } from "./keys";
import { LossRows, type TreeView } from "./LossBranch";
import styles from "./LossTree.module.css";
import { type Dimension, keyOf, type Order, stepOf } from "./tree";
import { longestOf, type Unit } from "./units";
import { useOpenRows } from "./useOpenRows";

const HEADS = ["lost", "before", "change", "stops"] as const;
const COST_HEADS = ["cost", "stops"] as const;

interface Props {
  data: LossRanking;
  roots: readonly string[];
  dimensions: readonly Dimension[];
  period: { start: string; end?: string };
  order: Order;
  unit: Unit;
}

export function LossTree({ data, roots, dimensions, period, order, unit }: Props) {
  const t = useTranslations("losses");
  const { isOpen, toggle } = useOpenRows();
  const [focused, setFocused] = useState<string>();
  const table = useRef<HTMLTableElement>(null);
  // The row may have gone with its branch or its period: then Tab reaches the first one again.
  useEffect(() => {
    if (focused !== undefined && table.current?.querySelector('tr[tabindex="0"]') === null) {
      setFocused(undefined);
    }
  });
  const { query: reasons, nameOf: reasonName } = useCodeName(undefined, "stop");
  const [first] = data.items;
  const [dimension] = dimensions;
  const view: TreeView = {
    roots,
    dimensions,
    period,
    order,
    longest: longestOf(data.items, unit),
    unit,
    columns: unit === "cost" ? 4 : 6,
    isOpen,
    toggle,
    reasonName,
    reached:
      focused ??
      (first === undefined || dimension === undefined
        ? undefined
        : keyOf([stepOf(first, dimension)])),
  };

  function onKeyDown(event: KeyboardEvent<HTMLElement>) {
    const row = rowOf(event.target);
    if (row === undefined || event.target !== row) return;
    if (event.key === "Enter") row.querySelector("a")?.click();
    else if (!walk(event.key, row, (one) => toggle(one.dataset.key ?? ""))) return;
    event.preventDefault();
  }

  return (
    <section className={styles.scroll} aria-label={t("title")}>
      <table
        ref={table}
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a table whose rows open
        role="treegrid"
        aria-label={t("title")}
        onKeyDown={onKeyDown}
        onFocus={(event) => setFocused(rowOf(event.target)?.dataset.key ?? focused)}
      >
        <thead>
          <tr>
            <th scope="col">{t("group")}</th>
            <th scope="col">{t("bar")}</th>
            {(unit === "cost" ? COST_HEADS : HEADS).map((head) => (
              <th key={head} scope="col" className="number">
                {t(head)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <LossRows view={view} steps={[]} rows={data.items} />
        </tbody>
      </table>
      <Refused queries={[reasons]} />
    </section>
  );
}

function rowOf(target: EventTarget): HTMLElement | undefined {
  if (!(target instanceof Element)) return undefined;
  return target.closest<HTMLElement>("tr[data-key]") ?? undefined;
}

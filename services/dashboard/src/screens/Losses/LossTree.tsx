/** Losses as a tree table: arrow keys walk, open and close it. */
import { type KeyboardEvent, useState } from "react";
import { useTranslations } from "use-intl";
import type { LossRanking } from "../../api/losses";
import { walk } from "./keys";
import { LossRows, type TreeView } from "./LossBranch";
import styles from "./LossTree.module.css";
import { type Dimension, keyOf, type Order, stepOf } from "./tree";

interface Props {
  data: LossRanking;
  roots: readonly string[];
  dimensions: readonly Dimension[];
  period: { start: string; end?: string };
  order: Order;
}

export function LossTree({ data, roots, dimensions, period, order }: Props) {
  const t = useTranslations("losses");
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [focused, setFocused] = useState<string>();
  const [first] = data.items;
  const [dimension] = dimensions;
  const hasCosts = data.items.some((row) => row.costs.length > 0);
  const toggle = (key: string) =>
    setOpen((before) => {
      const after = new Set(before);
      if (!after.delete(key)) after.add(key);
      return after;
    });
  const view: TreeView = {
    roots,
    dimensions,
    period,
    order,
    longest: Math.max(...data.items.flatMap((row) => [row.seconds, row.compared?.seconds ?? 0]), 0),
    hasCosts,
    columns: hasCosts ? 8 : 7,
    isOpen: (key) => open.has(key),
    toggle,
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
            <th scope="col" className="number">
              {t("time")}
            </th>
            <th scope="col" className="number">
              {t("before")}
            </th>
            <th scope="col" className="number">
              {t("busyShare")}
            </th>
            <th scope="col" className="number">
              {t("change")}
            </th>
            <th scope="col" className="number">
              {t("stops")}
            </th>
            {hasCosts ? (
              <th scope="col" className="number">
                {t("cost")}
              </th>
            ) : null}
          </tr>
        </thead>
        <tbody>
          <LossRows view={view} steps={[]} rows={data.items} />
        </tbody>
      </table>
    </section>
  );
}

function rowOf(target: EventTarget): HTMLElement | undefined {
  if (!(target instanceof Element)) return undefined;
  return target.closest<HTMLElement>("tr[data-key]") ?? undefined;
}

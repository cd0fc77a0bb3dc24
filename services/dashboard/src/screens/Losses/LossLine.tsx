/** A row of the tree: what was lost now and before, with a bar. */
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import type { LossRow } from "../../api/losses";
import { nameOf } from "../../shared/format";
import { useFormats } from "../../shared/useFormats";
import type { TreeView } from "./LossBranch";
import styles from "./LossTree.module.css";
import { keyOf, type Step, secondsBefore } from "./tree";

interface Props {
  view: TreeView;
  steps: readonly Step[];
  row: LossRow;
}

export function LossLine({ view, steps, row }: Props) {
  const t = useTranslations("losses");
  const format = useFormats();
  const key = keyOf(steps);
  const isLeaf = steps.length >= view.dimensions.length;
  const isOpen = view.isOpen(key);
  const step = steps.at(-1);
  const before = row.compared;
  const lostBefore = secondsBefore(row);
  return (
    <tr
      aria-level={steps.length}
      aria-expanded={isLeaf ? undefined : isOpen}
      data-key={key}
      tabIndex={key === view.reached ? 0 : -1}
    >
      <th scope="row" className={styles.name}>
        <span className={styles.indent} style={{ width: 20 * (steps.length - 1) }} />
        {isLeaf ? (
          <span className={styles.leaf} />
        ) : (
          <button
            type="button"
            className={styles.toggle}
            tabIndex={-1}
            aria-label={t(isOpen ? "close" : "open")}
            onClick={() => view.toggle(key)}
          >
            <span className={isOpen ? styles.down : styles.right} aria-hidden="true" />
          </button>
        )}
        {step === undefined ? null : <Name step={step} isFirst={steps.length === 1} />}
      </th>
      <td className={styles.bar}>
        <Bar row={row} longest={view.longest} />
      </td>
      <td className="number">{format.duration(row.seconds)}</td>
      <td className="number" title={lostBefore === null ? t("noneBefore") : undefined}>
        {format.duration(lostBefore)}
      </td>
      <td className="number">{format.share(row.busy_share)}</td>
      <td className="number">
        {before?.change_points == null ? (
          <span title={t("noneBefore")}>–</span>
        ) : (
          `${arrowOf(before.change_points)} ${format.points(before.change_points / 100)}`
        )}
      </td>
      <td className="number">{format.number(row.stops)}</td>
      {view.hasCosts ? (
        <td className="number" title={row.costs.length === 0 ? t("noRate") : undefined}>
          {row.costs.length === 0
            ? "–"
            : row.costs.map((cost) => `${format.number(cost.amount)} ${cost.currency}`).join(", ")}
        </td>
      ) : null}
    </tr>
  );
}

/** The name of a row; on the first level with its place: two plants may have a line-1. */
function Name({ step, isFirst }: { step: Step; isFirst: boolean }) {
  const parts = useTranslations("machine");
  const { dimension, value, absent } = step;
  if (value === null) return <span className="second">{absent}</span>;
  if (dimension === "reason") return value;
  if (dimension === "category") {
    const key = `parts.${value}`;
    // A newer API may have a category that this page does not know.
    return parts.has(key as never) ? parts(key as never) : parts("parts.other", { name: value });
  }
  const place = value.slice(0, value.lastIndexOf("/"));
  const link = (
    <Link
      to={dimension === "plant" ? "/plant/$" : "/machine/$"}
      params={{ _splat: value }}
      tabIndex={-1}
      title={value}
    >
      {nameOf(value)}
    </Link>
  );
  if (!isFirst || dimension === "plant") return link;
  return (
    <>
      {link} <span className="second">{place.replaceAll("/", " / ")}</span>
    </>
  );
}

/** The time now as a bar, the time before as a line under it. */
function Bar({ row, longest }: { row: LossRow; longest: number }) {
  const lengthOf = (seconds: number) => Math.max(0, longest > 0 ? seconds / longest : 0);
  return (
    <svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
      <rect className={styles.now} y={0} width={lengthOf(row.seconds)} height={0.6} />
      <rect
        className={styles.before}
        y={0.75}
        width={lengthOf(row.compared?.seconds ?? 0)}
        height={0.25}
      />
    </svg>
  );
}

function arrowOf(points: number): string {
  if (points === 0) return "=";
  return points > 0 ? "▲" : "▼";
}

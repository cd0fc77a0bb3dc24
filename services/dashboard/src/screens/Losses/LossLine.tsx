/** A row of the tree: what was lost now and before, with a bar. */
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import type { LossRow } from "../../api/losses";
import { nameOf } from "../../shared/format";
import { useFormats } from "../../shared/useFormats";
import type { TreeView } from "./LossBranch";
import styles from "./LossTree.module.css";
import { keyOf, type Step, secondsBefore } from "./tree";
import { lengthsOf, type Unit } from "./units";

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
        {step === undefined ? null : (
          <Name step={step} isFirst={steps.length === 1} reasonName={view.reasonName} />
        )}
      </th>
      <td className={styles.bar}>
        <Bar row={row} view={view} />
      </td>
      <Values row={row} unit={view.unit} />
      <td className="number">{format.number(row.stops)}</td>
    </tr>
  );
}

interface NameProps {
  step: Step;
  isFirst: boolean;
  reasonName: (code: string) => string;
}

/** The name of a row; on the first level with its place: two plants may have a line-1. */
function Name({ step, isFirst, reasonName }: NameProps) {
  const parts = useTranslations("machine");
  const { dimension, value, absent } = step;
  if (value === null) return <span className="second">{absent}</span>;
  if (dimension === "reason") return reasonName(value);
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

/** What was lost, before, and the change of it; of money only what it is now. */
function Values({ row, unit }: { row: LossRow; unit: Unit }) {
  const t = useTranslations("losses");
  const format = useFormats();
  const before = secondsBefore(row);
  const { compared } = row;
  const none = before === null ? t("noneBefore") : undefined;
  if (unit === "cost") {
    return (
      <td className="number" title={row.costs.length === 0 ? t("noRate") : undefined}>
        {row.costs.length === 0
          ? "–"
          : row.costs.map((cost) => `${format.number(cost.amount)} ${cost.currency}`).join(", ")}
      </td>
    );
  }
  const isShare = unit === "share";
  const change = isShare ? (compared?.change_points ?? null) : (compared?.change_s ?? null);
  const known = before === null ? null : change;
  const text = isShare
    ? format.points(known === null ? null : known / 100)
    : `${known !== null && known > 0 ? "+" : ""}${format.duration(known)}`;
  return (
    <>
      <td className="number">
        {isShare ? format.share(row.busy_share) : format.duration(row.seconds)}
      </td>
      <td className="number" title={none}>
        {isShare ? format.share(compared?.busy_share) : format.duration(before)}
      </td>
      <td className="number" title={none}>
        {known === null ? text : `${arrowOf(known)} ${text}`}
      </td>
    </>
  );
}

/** The time now as a bar, the time before as a line under it. */
function Bar({ row, view }: { row: LossRow; view: TreeView }) {
  const { now, before } = lengthsOf(row, view.unit);
  const lengthOf = (value: number | null) =>
    Math.max(0, view.longest > 0 ? (value ?? 0) / view.longest : 0);
  return (
    <svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
      <rect className={styles.now} y={0} width={lengthOf(now)} height={0.6} />
      <rect className={styles.before} y={0.75} width={lengthOf(before)} height={0.25} />
    </svg>
  );
}

function arrowOf(points: number): string {
  if (points === 0) return "=";
  return points > 0 ? "▲" : "▼";
}

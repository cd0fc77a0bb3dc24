/** The rows below a row of the tree, asked for when it is opened. */
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { type LossRow, losses } from "../../api/losses";
import { Answered } from "../../shared/Answered";
import { LossLine } from "./LossLine";
import {
  below,
  childrenOf,
  type Dimension,
  keyOf,
  type Order,
  ordered,
  type Step,
  stepOf,
} from "./tree";
import type { Unit } from "./units";

export interface TreeView {
  roots: readonly string[];
  dimensions: readonly Dimension[];
  period: { start: string; end?: string };
  order: Order;
  /** The longest time of the first level: the scale of all bars. */
  longest: number;
  unit: Unit;
  columns: number;
  isOpen: (key: string) => boolean;
  toggle: (key: string) => void;
  reasonName: (code: string) => string;
  /** The row that the Tab key reaches. */
  reached: string | undefined;
}

interface RowsProps {
  view: TreeView;
  steps: readonly Step[];
  rows: readonly LossRow[];
}

export function LossRows({ view, steps, rows }: RowsProps) {
  const dimension = view.dimensions[steps.length];
  if (dimension === undefined) return null;
  return ordered(rows, view.order).map((row) => {
    const own = [...steps, stepOf(row, dimension)];
    const key = keyOf(own);
    return [
      <LossLine key={key} view={view} steps={own} row={row} />,
      view.isOpen(key) ? <LossBranch key={`${key} below`} view={view} steps={own} /> : null,
    ];
  });
}

function LossBranch({ view, steps }: { view: TreeView; steps: readonly Step[] }) {
  const t = useTranslations("losses");
  const next = view.dimensions[steps.length];
  const query = useQuery({
    ...losses({ ...childrenOf(view.roots, steps, next ?? "reason"), ...view.period }),
    enabled: next !== undefined,
  });
  if (query.data === undefined) {
    return (
      <tr>
        <td colSpan={view.columns}>
          <Answered query={query}>{() => null}</Answered>
        </td>
      </tr>
    );
  }
  const rows = below(query.data.items, steps);
  if (rows.length > 0) return <LossRows view={view} steps={steps} rows={rows} />;
  return (
    <tr>
      <td colSpan={view.columns} className="second">
        {t("none")}
      </td>
    </tr>
  );
}

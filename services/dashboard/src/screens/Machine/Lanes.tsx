/** One lane for a machine; for a line its machines in the order of the line. */
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslations } from "use-intl";
import type { StatePiece } from "../../api/equipment";
import { StateLane } from "../../shared/charts/StateLane";
import { lanesOf, type Span } from "../../shared/charts/timeline";
import { nameOf } from "../../shared/format";
import styles from "./Lanes.module.css";
import { piecesIn } from "./stops/selection";
import type { Selection } from "./stops/useSelection";

const ALONE_PX = 64;
const OF_MANY_PX = 28;

interface Props {
  path: string;
  pieces: readonly StatePiece[];
  machines: readonly string[];
  span: Span;
  nowMs: number;
  zone: string;
  selection: Selection;
  onZoom: (part: Span) => void;
  onStep: (direction: 1 | -1, atMs: number | undefined) => void;
}

export function Lanes(props: Props) {
  const { path, pieces, machines, span, nowMs, zone, selection, onZoom, onStep } = props;
  const t = useTranslations("machine");
  const lanes = useMemo(() => lanesOf(pieces, machines), [pieces, machines]);
  const isLine = machines.length > 0;
  return (
    <ul className={styles.lanes}>
      {lanes.map(({ equipment, pieces: own }, index) => (
        <li key={equipment}>
          {equipment === path ? null : (
            <Link
              to="/machine/$"
              params={{ _splat: equipment }}
              search={({ start, end }) => ({ start, end })}
            >
              {nameOf(equipment)}
            </Link>
          )}
          <StateLane
            pieces={own}
            span={span}
            nowMs={nowMs}
            zone={zone}
            label={t("statesOf", { name: nameOf(equipment) })}
            height={isLine ? OF_MANY_PX : ALONE_PX}
            hasAxis={!isLine || index === lanes.length - 1}
            picked={piecesIn(own, selection.stops)}
            onPick={(_, atMs, isMore) => selection.pick(equipment, atMs, isMore)}
            onZoom={onZoom}
            onStep={onStep}
          />
        </li>
      ))}
    </ul>
  );
}

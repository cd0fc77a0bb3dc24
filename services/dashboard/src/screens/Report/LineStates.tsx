/** What each machine of the report did, as thin bands under each other; on the screen also as a table. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslations } from "use-intl";
import { FILE_ROWS, type StatePiece, states, statesAddress } from "../../api/equipment";
import { Answered } from "../../shared/Answered";
import { ChartTile } from "../../shared/ChartTile";
import { Cut } from "../../shared/Cut";
import { StateLane } from "../../shared/charts/StateLane";
import { StateLegend } from "../../shared/charts/StateLegend";
import { StatePatterns } from "../../shared/charts/StatePatterns";
import { StateTable } from "../../shared/charts/StateTable";
import { lanesOf, nowOf, type Span } from "../../shared/charts/timeline";
import { Empty } from "../../shared/Empty";
import { nameOf } from "../../shared/format";
import styles from "./ReportScreen.module.css";

interface Props {
  path: string;
  start: string;
  end: string;
  zone: string;
}

const LANE_PX = 18;

export function LineStates({ path, start, end, zone }: Props) {
  const t = useTranslations("report");
  const machine = useTranslations("machine");
  const period = useMemo(() => ({ start, end }), [start, end]);
  const query = useQuery(states(path, period));
  const span = useMemo(
    () => ({ startMs: Date.parse(start), endMs: Date.parse(end) }),
    [start, end],
  );
  const isLong = (query.data?.items.length ?? 0) > FILE_ROWS;
  return (
    <ChartTile
      title={t("timeline")}
      isPrinted
      csv={statesAddress(path, period, "csv")}
      csvLabel={isLong ? machine("csvCut", { rows: FILE_ROWS }) : undefined}
      chart={
        <Answered query={query}>
          {({ items }) => (
            <Bands pieces={items} span={span} zone={zone} updatedMs={query.dataUpdatedAt} />
          )}
        </Answered>
      }
      table={
        query.data === undefined ? null : (
          <StateTable pieces={query.data.items} path={path} span={span} zone={zone} />
        )
      }
    >
      <Cut shown={query.data?.items.length ?? 0} isCut={query.data?.isCut ?? false} what="first" />
    </ChartTile>
  );
}

interface BandsProps {
  pieces: readonly StatePiece[];
  span: Span;
  zone: string;
  updatedMs: number;
}

function Bands({ pieces, span, zone, updatedMs }: BandsProps) {
  const t = useTranslations("report");
  const lanes = lanesOf(pieces, []);
  if (lanes.length === 0) return <Empty reason={t("noStates")} />;
  const nowMs = nowOf(pieces, updatedMs);
  return (
    <>
      <StatePatterns />
      <ul className={styles.lanes}>
        {lanes.map((lane, index) => (
          <li key={lane.equipment}>
            <span>{nameOf(lane.equipment)}</span>
            <StateLane
              pieces={lane.pieces}
              span={span}
              nowMs={nowMs}
              zone={zone}
              label={t("statesOf", { name: nameOf(lane.equipment) })}
              height={LANE_PX}
              hasAxis={index === lanes.length - 1}
            />
          </li>
        ))}
      </ul>
      <StateLegend pieces={pieces} />
    </>
  );
}

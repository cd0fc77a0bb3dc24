/** The states of a machine, or of the machines of a line, as bands or as a table. */
import { Button } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import type { UseQueryResult } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { FILE_ROWS, type Period, type States, statesAddress } from "../../api/equipment";
import { Answered } from "../../shared/Answered";
import { StateLegend } from "../../shared/charts/StateLegend";
import { StatePatterns } from "../../shared/charts/StatePatterns";
import { nowOf } from "../../shared/charts/timeline";
import { Tile } from "../../shared/Tile";
import { Lanes } from "./Lanes";
import styles from "./StatesTile.module.css";
import { StateTable } from "./StateTable";

interface Props {
  path: string;
  period: Period;
  zone: string;
  query: UseQueryResult<States, Error>;
  machines: readonly string[];
}

export function StatesTile({ path, period, zone, query, machines }: Props) {
  const t = useTranslations("machine");
  const common = useTranslations("common");
  const [isTable, setTable] = useState(false);
  const isCut = (query.data?.items.length ?? 0) > FILE_ROWS;
  useHotkeys([["v", () => setTable((shown) => !shown)]]);
  return (
    <Tile
      title={t("states")}
      extra={
        <div className={styles.ways}>
          <Button variant="subtle" aria-keyshortcuts="v" onClick={() => setTable(!isTable)}>
            {common(isTable ? "chart" : "table")}
          </Button>
          <a href={statesAddress(path, period, "csv")} download>
            {isCut ? t("csvCut", { rows: FILE_ROWS }) : common("csv")}
          </a>
        </div>
      }
    >
      <Answered query={query}>
        {(data) => (
          <Drawn
            path={path}
            zone={zone}
            data={data}
            updatedMs={query.dataUpdatedAt}
            machines={machines}
            isTable={isTable}
          />
        )}
      </Answered>
    </Tile>
  );
}

interface DrawnProps {
  path: string;
  zone: string;
  data: States;
  updatedMs: number;
  machines: readonly string[];
  isTable: boolean;
}

function Drawn({ path, zone, data, updatedMs, machines, isTable }: DrawnProps) {
  const t = useTranslations("machine");
  const span = useMemo(
    () => ({ startMs: Date.parse(data.start), endMs: Date.parse(data.end) }),
    [data.start, data.end],
  );
  if (data.items.length === 0 && machines.length === 0) {
    return <p className="second">{t("noStates")}</p>;
  }
  if (isTable) return <StateTable pieces={data.items} path={path} zone={zone} />;
  return (
    <>
      <StatePatterns />
      <Lanes
        path={path}
        pieces={data.items}
        machines={machines}
        span={span}
        nowMs={nowOf(data.items, updatedMs)}
        zone={zone}
      />
      <StateLegend pieces={data.items} />
    </>
  );
}

/** What each machine of the report did, as thin bands under each other. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslations } from "use-intl";
import { states } from "../../api/equipment";
import { Answered } from "../../shared/Answered";
import { Cut } from "../../shared/Cut";
import { StateLane } from "../../shared/charts/StateLane";
import { StateLegend } from "../../shared/charts/StateLegend";
import { StatePatterns } from "../../shared/charts/StatePatterns";
import { lanesOf, nowOf } from "../../shared/charts/timeline";
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
  const query = useQuery(states(path, { start, end }));
  const span = useMemo(
    () => ({ startMs: Date.parse(start), endMs: Date.parse(end) }),
    [start, end],
  );
  return (
    <Answered query={query}>
      {({ items, isCut }) => {
        const lanes = lanesOf(items, []);
        if (lanes.length === 0) return <Empty reason={t("noStates")} />;
        return (
          <>
            <StatePatterns />
            <ul className={styles.lanes}>
              {lanes.map(({ equipment, pieces }, index) => (
                <li key={equipment}>
                  <span>{nameOf(equipment)}</span>
                  <StateLane
                    pieces={pieces}
                    span={span}
                    nowMs={nowOf(items, query.dataUpdatedAt)}
                    zone={zone}
                    label={t("statesOf", { name: nameOf(equipment) })}
                    height={LANE_PX}
                    hasAxis={index === lanes.length - 1}
                  />
                </li>
              ))}
            </ul>
            <StateLegend pieces={items} />
            <Cut shown={items.length} isCut={isCut} what="first" />
          </>
        );
      }}
    </Answered>
  );
}

/** What took most time, or came most often: the stops of the period by category and reason. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { Period } from "../../api/equipment";
import { lossesByReason, lossesByReasonAddress } from "../../api/stops";
import { Answered } from "../../shared/Answered";
import { ChartTile } from "../../shared/ChartTile";
import { Cut } from "../../shared/Cut";
import { Empty } from "../../shared/Empty";
import { Refused } from "../../shared/Refused";
import { ScrollBox } from "../../shared/ScrollBox";
import { useCodeName } from "../../shared/useCodeName";
import { useFormats } from "../../shared/useFormats";
import waterfall from "./LossWaterfall.module.css";
import { type By, type ParetoRow, paretoOf } from "./pareto";
import styles from "./stops/StopTable.module.css";

const SHOWN = 40;

interface Props {
  path: string;
  plant: string;
  period: Period;
  zone: string;
}

export function ParetoTile({ path, plant, period, zone }: Props) {
  const t = useTranslations("machine.pareto");
  const machine = useTranslations("machine");
  const [by, setBy] = useState<By>("seconds");
  const [hasShort, setShort] = useState(false);
  const query = useQuery(lossesByReason(path, period, by === "seconds" ? "-seconds" : "-stops"));
  const { query: reasons, nameOf } = useCodeName(plant, "stop");
  return (
    <ChartTile
      title={t("title")}
      csv={lossesByReasonAddress(path, period)}
      extra={
        <span className={styles.extra}>
          {(["seconds", "stops"] as const).map((way) => (
            <Button
              key={way}
              variant={way === by ? "default" : "subtle"}
              aria-pressed={way === by}
              onClick={() => setBy(way)}
            >
              {t(way)}
            </Button>
          ))}
          <label>
            <input
              type="checkbox"
              checked={hasShort}
              onChange={(event) => setShort(event.currentTarget.checked)}
            />{" "}
            {t("short")}
          </label>
        </span>
      }
      chart={
        <Answered query={query}>
          {({ items }) => {
            const rows = paretoOf(items, by, hasShort);
            if (rows.length === 0) return <Empty reason={t("none")} />;
            return (
              <>
                <ScrollBox label={t("title")} isLow>
                  <table>
                    <thead>
                      <tr>
                        <th scope="col">{t("cause")}</th>
                        <th scope="col" className="number">
                          {machine("time")}
                        </th>
                        <th scope="col" className="number">
                          {t("number")}
                        </th>
                        <th scope="col" className="number">
                          {t("cumulative")}
                        </th>
                        <td />
                      </tr>
                    </thead>
                    <tbody>
                      {rows.slice(0, SHOWN).map((row) => (
                        <Row key={row.key} row={row} zone={zone} reasonName={nameOf} />
                      ))}
                    </tbody>
                  </table>
                </ScrollBox>
                <Cut shown={SHOWN} isCut={rows.length > SHOWN} what="largest" />
              </>
            );
          }}
        </Answered>
      }
    >
      <Refused queries={[reasons]} />
    </ChartTile>
  );
}

interface RowProps {
  row: ParetoRow;
  zone: string;
  reasonName: (code: string) => string;
}

function Row({ row, zone, reasonName }: RowProps) {
  const machine = useTranslations("machine");
  const format = useFormats(zone);
  const key = `parts.${row.category}`;
  const category = machine.has(key as never)
    ? machine(key as never)
    : machine("parts.other", { name: row.category });
  const name = row.reason === null ? undefined : reasonName(row.reason);
  return (
    <tr>
      <th scope="row" className={waterfall.stepName}>
        {name ?? machine("entry.untagged")} <span className="second">{category}</span>
      </th>
      <td className="number">{format.duration(row.seconds)}</td>
      <td className="number">{format.number(row.stops)}</td>
      <td className="number">{format.share(row.cumulative)}</td>
      <td className={waterfall.bar}>
        <svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
          <rect className={waterfall.loss} width={row.length} height={1} />
        </svg>
      </td>
    </tr>
  );
}

/** The OEE of each line in each of the last 24 hours: the lower, the stronger the colour; hatched: no plan. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslations } from "use-intl";
import { type HourValue, hourlyOee, hourlyOeeAddress } from "../../api/kpis";
import type { OverviewItem } from "../../api/overview";
import { Answered } from "../../shared/Answered";
import { ChartTile } from "../../shared/ChartTile";
import { Empty } from "../../shared/Empty";
import { ScrollBox } from "../../shared/ScrollBox";
import { useFormats } from "../../shared/useFormats";
import { HoursTable } from "./HoursTable";
import styles from "./HoursTile.module.css";
import { bandOf, hoursOf, NOT_PLANNED } from "./hours";

interface Props {
  lines: readonly OverviewItem[];
  zone: string;
}

export function HoursTile({ lines, zone }: Props) {
  const t = useTranslations("plant");
  // In the order of names: the query must not change with the ranking of the lines.
  const key = lines
    .map(({ equipment }) => equipment)
    .toSorted()
    .join("\n");
  const paths = useMemo(() => key.split("\n"), [key]);
  const query = useQuery(hourlyOee(paths));
  return (
    <ChartTile
      title={t("hours")}
      csv={hourlyOeeAddress(paths)}
      extra={<span className="second">{t("hoursHint")}</span>}
      chart={
        <Answered query={query}>
          {(values) => <HeatMap values={values} lines={lines} zone={zone} />}
        </Answered>
      }
      table={
        <Answered query={query}>
          {(values) => <HoursTable values={values} lines={lines} zone={zone} />}
        </Answered>
      }
    />
  );
}

function HeatMap({ values, lines, zone }: Props & { values: readonly HourValue[] }) {
  const t = useTranslations("plant");
  const format = useFormats(zone);
  const table = useMemo(() => hoursOf(values), [values]);
  const first = table.starts[0];
  if (first === undefined) return <Empty reason={t("noHours")} />;
  return (
    <ScrollBox label={t("hours")} ref={showNewest}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{t("hour", { zone: format.zone(first) })}</th>
            {table.starts.map((start) => (
              <th key={start} scope="col" className={styles.hour} title={format.dayTime(start)}>
                {format.time(start)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.equipment}>
              <th scope="row">
                <Link to="/machine/$" params={{ _splat: line.equipment }}>
                  {line.name}
                </Link>
              </th>
              {table.starts.map((start) => (
                <Cell key={start} hour={table.valueOf(line.equipment, start)} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}

/** Scroll a box to its end, once: on a phone the last hours are what counts. */
function showNewest(box: HTMLElement | null) {
  if (box !== null) box.scrollLeft = box.scrollWidth;
}

function Cell({ hour }: { hour: HourValue | undefined }) {
  const t = useTranslations("plant");
  const common = useTranslations("common");
  const format = useFormats();
  if (hour?.value == null) {
    const isFree = hour?.reason_code === NOT_PLANNED;
    const why = isFree ? t("notPlanned") : (hour?.reason ?? common("noValue"));
    return (
      <td className={isFree ? styles.free : styles.none} title={why}>
        <span aria-hidden="true">{isFree ? "" : "–"}</span>
        <span className="visually-hidden">{why}</span>
      </td>
    );
  }
  return (
    <td
      className={`${styles.cell} ${styles[bandOf(hour.value)]}`}
      title={hour.provisional ? common("provisional") : undefined}
    >
      {format.number(hour.value * 100, 1)}
    </td>
  );
}

/** The projection of the chosen part: chart, table, CSV, image. */
import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import {
  type PartSupply,
  PROJECTED_DAYS,
  projectionCsv,
  projectionOf,
  type StockProjection,
} from "../../api/warehouse";
import { Answered } from "../../shared/Answered";
import { ChartTile } from "../../shared/ChartTile";
import { Empty } from "../../shared/Empty";
import { ScrollBox } from "../../shared/ScrollBox";
import { useFormats } from "../../shared/useFormats";
import { ProjectionChart } from "./ProjectionChart";
import chartStyles from "./ProjectionChart.module.css";
import styles from "./WarehouseScreen.module.css";

interface Props {
  warehouse: string;
  parts: readonly PartSupply[];
  zone: string;
}

export function ProjectionTile({ warehouse, parts, zone }: Props) {
  const format = useFormats(zone);
  const t = useTranslations("warehouse");
  const search = useSearch({ from: "/warehouse/$" });
  const part = search.part ?? parts[0]?.material;
  const query = useQuery({ ...projectionOf(warehouse, part ?? ""), enabled: part !== undefined });
  if (part === undefined) return null;
  const at = query.data?.at;
  const shown = (view: (projection: StockProjection) => ReactNode) => (
    <Answered query={query}>
      {({ items: [projection] }) =>
        projection === undefined ? <Empty reason={t("noProjection")} /> : view(projection)
      }
    </Answered>
  );
  return (
    <ChartTile
      title={t("projection", { material: part })}
      csv={projectionCsv(warehouse, part)}
      extra={
        at === undefined ? null : (
          <span className="second">
            {t("projectedAt", {
              days: PROJECTED_DAYS,
              time: `${format.dayTime(at)} ${format.zone(at)}`,
            })}
          </span>
        )
      }
      chart={shown((projection) => (
        <>
          <ProjectionChart key={part} projection={projection} />
          <Legend minimum={projection.minimum} unit={projection.unit} />
        </>
      ))}
      table={shown((projection) => <ProjectionTable projection={projection} />)}
    />
  );
}

function Legend({ minimum, unit }: { minimum: number; unit: string | null }) {
  const t = useTranslations("warehouse");
  const format = useFormats();
  const items = [
    { name: "inTransit", text: t("inTransit") },
    { name: "calledOff", text: t("calledOff") },
    { name: "demand", text: t("demand") },
  ] as const;
  return (
    <p className={styles.legend}>
      <span>
        <svg viewBox="0 0 14 12" aria-hidden="true">
          <path className={chartStyles.line} d="M0 6H14" />
        </svg>
        {t("stock")} {unit === null ? "" : `(${unit})`}
      </span>
      {items.map(({ name, text }) => (
        <span key={name}>
          <svg viewBox="0 0 14 12" aria-hidden="true">
            <rect className={chartStyles[name]} x={1} y={1} width={12} height={10} />
          </svg>
          {text}
        </span>
      ))}
      {minimum > 0 ? (
        <span>
          <svg viewBox="0 0 14 12" aria-hidden="true">
            <path className={chartStyles.hatch} d="M0 12L12 0M6 12L14 4" />
          </svg>
          {t("minimum")} {format.number(minimum)} {unit}
        </span>
      ) : null}
    </p>
  );
}

function ProjectionTable({ projection }: { projection: StockProjection }) {
  const t = useTranslations("warehouse");
  const format = useFormats();
  const { columns, unit } = projection;
  if (columns === null) return null;
  const heads = ["opening", "inTransit", "calledOff", "demand", "closing"] as const;
  const values = {
    opening: columns.opening,
    inTransit: columns.in_transit,
    calledOff: columns.called_off,
    demand: columns.demand,
    closing: columns.closing,
  };
  const label = t("projection", { material: projection.material });
  return (
    <ScrollBox label={label} isLow>
      <table aria-label={label}>
        <thead>
          <tr>
            <th scope="col">{t("day")}</th>
            {heads.map((head) => (
              <th key={head} scope="col" className="number">
                {t(head)} {unit === null ? "" : `(${unit})`}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {columns.day.map((day, index) => (
            <tr key={day}>
              <th scope="row">{format.day(day)}</th>
              {heads.map((head) => (
                <td key={head} className="number">
                  {format.number(values[head][index])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}

/** "Which line holds us back now?" */
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { type OverviewItem, overview } from "../../api/overview";
import { Answered } from "../../shared/Answered";
import { nameOf } from "../../shared/format";
import { byNeed } from "../../shared/ranking";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import { LineRow } from "./LineRow";
import styles from "./PlantScreen.module.css";

const PARTS = ["oee", "availability", "effectiveness", "quality_ratio"] as const;

export function PlantScreen() {
  const t = useTranslations("plant");
  const { _splat: path = "" } = useParams({ from: "/plant/$" });
  const lines = useQuery(overview(path, "line"));
  const machines = useQuery(overview(path, "machine"));
  return (
    <>
      <div className={styles.head}>
        <h1>{nameOf(path)}</h1>
        {lines.data === undefined ? null : <ShiftText plant={lines.data.under} />}
      </div>
      <Tile title={t("lines")}>
        <Answered query={lines}>
          {({ items }) =>
            items.length === 0 ? (
              <p className="second">{t("none")}</p>
            ) : (
              <LineTable lines={items} machines={machines.data?.items ?? []} />
            )
          }
        </Answered>
      </Tile>
    </>
  );
}

function ShiftText({ plant }: { plant: OverviewItem }) {
  const t = useTranslations("plant");
  const common = useTranslations("common");
  const format = useFormats(plant.time_zone);
  const { shift, computed_at } = plant;
  return (
    <span className="second">
      {plant.now === null || shift === null
        ? t("noShift")
        : t("shift", {
            name: shift.name,
            start: format.time(shift.start),
            end: format.time(shift.end),
            zone: format.zone(shift.start),
          })}
      {computed_at === null
        ? null
        : ` · ${common("asOf", { time: format.time(computed_at, true) })}`}
    </span>
  );
}

interface TableProps {
  lines: readonly OverviewItem[];
  machines: readonly OverviewItem[];
}

function LineTable({ lines, machines }: TableProps) {
  const t = useTranslations("plant");
  const common = useTranslations("common");
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls takes focus
    <section className={styles.scroll} tabIndex={0} aria-label={t("lines")}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("line")}</th>
            <th scope="col">{t("now")}</th>
            {PARTS.map((part) => (
              <th key={part} scope="col" className="number">
                {common(`kpi.${part}`)}
              </th>
            ))}
            <th scope="col" className="number">
              {t("good")} / {t("planned")}
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.toSorted(byNeed).flatMap((line) => [
            <LineRow key={line.equipment} item={line} />,
            ...machines
              .filter(({ equipment }) => equipment.startsWith(`${line.equipment}/`))
              .toSorted(byNeed)
              .map((machine) => <LineRow key={machine.equipment} item={machine} />),
          ])}
        </tbody>
      </table>
    </section>
  );
}

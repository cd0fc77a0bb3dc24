/** A line or a machine of it: what stands now, its OEE, good parts against the plan. */
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import type { OverviewItem } from "../../api/overview";
import { StateMark } from "../../shared/charts/StateMark";
import { nameOf } from "../../shared/format";
import { machineState } from "../../shared/states";
import { useFormats } from "../../shared/useFormats";
import styles from "./PlantScreen.module.css";

export function LineRow({ item }: { item: OverviewItem }) {
  const t = useTranslations("plant");
  const states = useTranslations("states");
  const format = useFormats(item.time_zone);
  const shown = item.now ?? item.week;
  const worst = item.worst_stop;
  const isMachine = item.level === "machine";
  return (
    <tr>
      <th scope="row" className={isMachine ? styles.machine : styles.line}>
        {isMachine ? (
          <Link to="/machine/$" params={{ _splat: item.equipment }}>
            {item.name}
          </Link>
        ) : (
          item.name
        )}
      </th>
      <td>
        {worst === null ? (
          <span className="second">{t("runs")}</span>
        ) : (
          <>
            <StateMark state={worst.state} /> {isMachine ? null : `${nameOf(worst.equipment)}: `}
            {t("length", {
              state: states(machineState(worst.state)),
              length: format.duration(worst.seconds),
            })}
          </>
        )}
      </td>
      <td className={`number ${styles.headline}`}>{format.share(shown.oee)}</td>
      <td className="number">{format.share(shown.availability)}</td>
      <td className="number">{format.share(shown.effectiveness)}</td>
      <td className="number">{format.share(shown.quality_ratio)}</td>
      <td className="number">
        {format.number(shown.good)} / {format.number(shown.planned_quantity)}
      </td>
    </tr>
  );
}

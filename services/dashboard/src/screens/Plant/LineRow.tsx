/** A line: what stands now, its OEE, good parts against the plan; below it, its machines. */
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import type { OverviewItem } from "../../api/overview";
import { StateMark } from "../../shared/charts/StateMark";
import { Explain } from "../../shared/Explain";
import { nameOf } from "../../shared/format";
import { isJudged, JUDGED_KPIS, judged } from "../../shared/judged";
import { lostSeconds } from "../../shared/ranking";
import { machineState } from "../../shared/states";
import { useFormats } from "../../shared/useFormats";
import styles from "./PlantScreen.module.css";

interface Props {
  line: OverviewItem;
  machines: readonly OverviewItem[];
}

export function LineRow({ line, machines }: Props) {
  const t = useTranslations("plant");
  const common = useTranslations("common");
  const format = useFormats(line.time_zone);
  const shown = line.now ?? line.week;
  const why = isJudged(shown) ? undefined : common("notJudged");
  return (
    <>
      <tr className={machines.length === 0 ? undefined : styles.joined}>
        <th scope="row" className={styles.line}>
          <Link to="/machine/$" params={{ _splat: line.equipment }}>
            {line.name}
          </Link>
          {line.now === null ? <span className="second"> {t("sevenDays")}</span> : null}
        </th>
        <td className={styles.worst}>
          <WorstStop line={line} />
        </td>
        {JUDGED_KPIS.map((name) => (
          <td
            key={name}
            className={name === "oee" ? `number ${styles.headline}` : "number"}
            title={why}
          >
            <Explain
              {...explainedOf(line)}
              kpi={name}
              label={`${common(`kpi.${name}`)} ${line.name}`}
              value={format.share(judged(shown, name))}
            />
          </td>
        ))}
        <td className="number">{format.number(shown.good)}</td>
        <td className="number">{format.number(shown.planned_quantity)}</td>
        <td className="number">{format.duration(lostSeconds(line))}</td>
        <td className="number">
          <Explain {...explainedOf(line)} kpi="oee" label={`${common("kpi.oee")} ${line.name}`} />
        </td>
      </tr>
      {machines.length === 0 ? null : (
        <tr>
          <td colSpan={6 + JUDGED_KPIS.length}>
            <ul className={styles.machines} aria-label={t("machinesOf", { line: line.name })}>
              {machines.map((machine) => (
                <li key={machine.equipment}>
                  <Machine machine={machine} />
                </li>
              ))}
            </ul>
          </td>
        </tr>
      )}
    </>
  );
}

function WorstStop({ line }: { line: OverviewItem }) {
  const t = useTranslations("plant");
  const states = useTranslations("states");
  const format = useFormats(line.time_zone);
  const worst = line.worst_stop;
  if (worst === null) return <span className="second">{t("runs")}</span>;
  return (
    <>
      <StateMark state={worst.state} /> {nameOf(worst.equipment)}:{" "}
      {t("length", {
        state: states(machineState(worst.state)),
        length: format.duration(worst.seconds),
      })}
    </>
  );
}

function Machine({ machine }: { machine: OverviewItem }) {
  const states = useTranslations("states");
  const common = useTranslations("common");
  const format = useFormats(machine.time_zone);
  const worst = machine.worst_stop;
  const share = format.share(judged(machine.now ?? machine.week, "oee"));
  return (
    <span className={styles.machine}>
      <Link className={styles.name} to="/machine/$" params={{ _splat: machine.equipment }}>
        {worst === null ? null : <StateMark state={worst.state} />} {machine.name}
      </Link>
      <span className="second">
        {worst === null ? null : `${states(machineState(worst.state))} · `}
        <Explain
          {...explainedOf(machine)}
          kpi="oee"
          label={`${common("kpi.oee")} ${machine.name}`}
          value={share}
        />
      </span>
    </span>
  );
}

/** What the numbers of a line or machine are about. */
function explainedOf(item: OverviewItem) {
  return {
    equipment: item.equipment,
    period: { start: item.now === null ? "-7d" : "shift:current" },
    zone: item.time_zone,
  };
}

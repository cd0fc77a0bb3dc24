/** A plant at a glance: its OEE now or over seven days, what stands, what is silent. */
import { Link } from "@tanstack/react-router";
import { useId } from "react";
import { useTranslations } from "use-intl";
import type { OverviewItem } from "../../api/overview";
import { Sparkline } from "../../shared/charts/Sparkline";
import { StateMark } from "../../shared/charts/StateMark";
import { Explain } from "../../shared/Explain";
import { nameOf } from "../../shared/format";
import { isJudged, JUDGED_KPIS, judged } from "../../shared/judged";
import { SilentConnectors } from "../../shared/SilentConnectors";
import { machineState } from "../../shared/states";
import { useFormats } from "../../shared/useFormats";
import styles from "./PlantCard.module.css";

const PARTS = JUDGED_KPIS.filter((name) => name !== "oee");

export function PlantCard({ item }: { item: OverviewItem }) {
  const t = useTranslations("group");
  const common = useTranslations("common");
  const states = useTranslations("states");
  const format = useFormats(item.time_zone);
  const id = useId();
  const shown = item.now ?? item.week;
  const oee = judged(shown, "oee");
  const before = judged(item.week, "oee");
  const why = isJudged(shown) ? undefined : common("notJudged");
  const { shift, worst_stop: worst } = item;
  const explained = {
    equipment: item.equipment,
    period: { start: item.now === null ? "-7d" : "shift:current" },
    zone: item.time_zone,
  };
  const labelOf = (kpi: (typeof JUDGED_KPIS)[number]) => `${common(`kpi.${kpi}`)} ${item.name}`;
  return (
    <article className={styles.card} aria-labelledby={id}>
      <div className={styles.head}>
        <Link id={id} className={styles.name} to="/plant/$" params={{ _splat: item.equipment }}>
          {item.name}
        </Link>
        <span className="second">
          {shift?.is_running
            ? t("shiftNow", {
                name: shift.name ?? "",
                start: format.time(shift.start),
                end: format.time(shift.end),
                zone: format.zone(shift.start),
              })
            : t("noShift")}
        </span>
      </div>
      <div
        className={item.silent_connectors.length === 0 ? "headline" : "headline stale"}
        title={why}
      >
        <Explain {...explained} kpi="oee" label={labelOf("oee")} value={format.share(oee)} />
      </div>
      <div className="second">
        {item.now === null ? t("sevenDays") : t("thisShift")}
        {item.now !== null && oee !== null && before !== null
          ? ` · ${t("against", { points: format.points(oee - before) })}`
          : null}
        {item.now !== null && oee === null && before !== null
          ? ` · ${t("weekIs", { share: format.share(before) })}`
          : null}
      </div>
      {why === undefined ? null : <div className="second">{why}</div>}
      <dl className={styles.parts}>
        {PARTS.map((part) => (
          <div key={part}>
            <dt>{common(`kpi.${part}`)}</dt>
            <dd title={why}>
              <Explain
                {...explained}
                kpi={part}
                label={labelOf(part)}
                value={format.share(judged(shown, part))}
              />
            </dd>
          </div>
        ))}
      </dl>
      <Sparkline values={item.spark} label={t("spark")} />
      <div>
        {worst === null ? (
          t("openStops", { count: item.open_stops })
        ) : (
          <>
            <StateMark state={worst.state} />{" "}
            {t("worst", {
              machine: nameOf(worst.equipment),
              state: states(machineState(worst.state)),
              length: format.duration(worst.seconds),
            })}
          </>
        )}
      </div>
      <SilentConnectors names={item.silent_connectors} />
      <div className="second">
        {item.computed_at === null
          ? null
          : common("asOf", { time: format.time(item.computed_at, true) })}
        {shown.provisional ? ` · ${common("provisional")}` : null}
      </div>
      <div className={styles.explain}>
        <Explain {...explained} kpi="oee" label={labelOf("oee")} />
      </div>
    </article>
  );
}

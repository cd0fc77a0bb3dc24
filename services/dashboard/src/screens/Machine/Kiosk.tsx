/** The machine on a screen in the hall: its state in big type, target and actual, its timeline. */
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { countsOf, type Period, type States } from "../../api/equipment";
import { shiftReport } from "../../api/reports";
import { StateLane } from "../../shared/charts/StateLane";
import { StateMark } from "../../shared/charts/StateMark";
import { StatePatterns } from "../../shared/charts/StatePatterns";
import { lanesOf, nowOf } from "../../shared/charts/timeline";
import { nameOf } from "../../shared/format";
import { Refused } from "../../shared/Refused";
import { machineState } from "../../shared/states";
import { useFormats } from "../../shared/useFormats";
import styles from "./Kiosk.module.css";
import { actualOf, breaksOf, paceOf, valueAt } from "./worm";

interface Props {
  path: string;
  period: Period;
  zone: string;
  data: States;
  updatedMs: number;
  machines: readonly string[];
}

const LANE_PX = 60;
const OF_MANY_PX = 25;

export function Kiosk({ path, period, zone, data, updatedMs, machines }: Props) {
  const t = useTranslations("machine");
  const nowMs = nowOf(data.items, updatedMs);
  const span = { startMs: Date.parse(data.start), endMs: Date.parse(data.end) };
  const lanes = lanesOf(data.items, machines);
  return (
    <div className={styles.kiosk}>
      <StatePatterns />
      <div className={styles.now}>
        {lanes.map(({ equipment, pieces }) => (
          <Now
            key={equipment}
            name={equipment === path ? undefined : nameOf(equipment)}
            piece={pieces.at(-1)}
          />
        ))}
      </div>
      {machines.length > 0 ? null : <Parts path={path} period={period} zone={zone} data={data} />}
      {lanes.map(({ equipment, pieces }, index) => (
        <StateLane
          key={equipment}
          pieces={pieces}
          span={span}
          nowMs={nowMs}
          zone={zone}
          label={t("statesOf", { name: nameOf(equipment) })}
          height={lanes.length > 1 ? OF_MANY_PX : LANE_PX}
          hasAxis={index === lanes.length - 1}
        />
      ))}
    </div>
  );
}

function Now({
  name,
  piece,
}: {
  name: string | undefined;
  piece: States["items"][number] | undefined;
}) {
  const t = useTranslations("machine.kiosk");
  const states = useTranslations("states");
  const format = useFormats();
  const state = machineState(piece?.state ?? "unknown");
  return (
    <div className={styles.state}>
      {name === undefined ? null : <span>{name}</span>}
      <span className={styles.word}>
        <StateMark state={state} /> {states(state)}
      </span>
      {piece === undefined ? null : (
        <span className={styles.since}>
          {t("since", { time: format.duration(piece.duration_s) })}
        </span>
      )}
    </div>
  );
}

function Parts({ path, period, zone, data }: Omit<Props, "updatedMs" | "machines">) {
  const t = useTranslations("machine.kiosk");
  const format = useFormats(zone);
  const counts = useQuery(countsOf(path, period, "5m"));
  const report = useQuery(shiftReport(path, period));
  // The counts do not wait for the plan, nor for its refusal.
  const nowMs = report.data === undefined ? counts.dataUpdatedAt : Date.parse(report.data.as_of);
  const actual = actualOf(counts.data?.items ?? [], nowMs).at(-1);
  const pace = paceOf(report.data?.orders ?? [], breaksOf(data.items));
  const target = valueAt(pace, nowMs);
  return (
    <>
      <dl className={styles.parts}>
        <div>
          <dt>{t("actual")}</dt>
          <dd>{format.number(actual?.value)}</dd>
        </div>
        <div>
          <dt>{t("target")}</dt>
          <dd>
            {target === undefined && report.data !== undefined
              ? t("noTarget")
              : format.number(target)}
          </dd>
        </div>
      </dl>
      <Refused queries={[counts, report]} />
    </>
  );
}

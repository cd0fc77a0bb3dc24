/** "What happened in this shift, and what cost most?" */
import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslations } from "use-intl";
import { type Period, states } from "../../api/equipment";
import { overview } from "../../api/overview";
import { plants } from "../../api/plants";
import { nameOf } from "../../shared/format";
import { LossWaterfall } from "./LossWaterfall";
import styles from "./MachineScreen.module.css";
import { OeeTile } from "./OeeTile";
import { PeriodText } from "./PeriodText";
import { StatesTile } from "./StatesTile";

const PERIODS = ["shift:current", "shift:previous", "-24h", "-7d"] as const;

export function MachineScreen() {
  const common = useTranslations("common");
  const { _splat: path = "" } = useParams({ from: "/machine/$" });
  const search = useSearch({ from: "/machine/$" });
  const period: Period = { ...search, start: search.start ?? "shift:current" };
  const answer = useQuery(states(path, period));
  // A machine has states of its own, a line those of its machines; no state: it is not known.
  const isLine = answer.data?.items.some(({ equipment }) => equipment !== path) ?? false;
  const line = useQuery({ ...overview(path, "machine"), enabled: isLine });
  const machines = useMemo(
    () => (isLine ? (line.data?.items ?? []).map(({ equipment }) => equipment) : []),
    [isLine, line.data],
  );
  const known = useSuspenseQuery(plants);
  const plant = known.data.items.find((one) => path.startsWith(`${one.path}/`));
  const zone = plant?.time_zone ?? "UTC";
  return (
    <>
      <div className={styles.head}>
        <h1>{nameOf(path)}</h1>
        {plant === undefined ? null : (
          <Link to="/plant/$" params={{ _splat: plant.path }}>
            {path.slice(0, path.lastIndexOf("/")).replaceAll("/", " / ")}
          </Link>
        )}
        {answer.data === undefined ? null : <PeriodText answer={answer.data} zone={zone} />}
        <nav className={styles.periods} aria-label={common("period")}>
          {PERIODS.map((start) => (
            <Link
              key={start}
              className={styles.period}
              to="/machine/$"
              params={{ _splat: path }}
              search={{ start }}
              aria-current={period.start === start ? "true" : undefined}
            >
              {common(`periods.${start}`)}
            </Link>
          ))}
        </nav>
      </div>
      <StatesTile path={path} period={period} zone={zone} query={answer} machines={machines} />
      <div className={styles.row}>
        <OeeTile path={path} period={period} zone={zone} />
        <LossWaterfall path={path} period={period} zone={zone} />
      </div>
    </>
  );
}

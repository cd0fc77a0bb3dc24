/** "What happened in this shift, and what cost most?" */
import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { type Period, states } from "../../api/equipment";
import { plants } from "../../api/plants";
import { Answered } from "../../shared/Answered";
import { StateTimeline } from "../../shared/charts/StateTimeline";
import { nameOf } from "../../shared/format";
import { Tile } from "../../shared/Tile";
import { LossWaterfall } from "./LossWaterfall";
import styles from "./MachineScreen.module.css";
import { OeeTile } from "./OeeTile";
import { PeriodText } from "./PeriodText";

const PERIODS = ["shift:current", "shift:previous", "-24h", "-7d"] as const;

export function MachineScreen() {
  const t = useTranslations("machine");
  const common = useTranslations("common");
  const { _splat: path = "" } = useParams({ from: "/machine/$" });
  const search = useSearch({ from: "/machine/$" });
  const period: Period = { ...search, start: search.start ?? "shift:current" };
  const answer = useQuery(states(path, period));
  const known = useQuery(plants);
  const plant = known.data?.items.find((one) => path.startsWith(`${one.path}/`));
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
      <Tile title={t("states")}>
        <Answered query={answer}>
          {(data) =>
            data.items.length === 0 ? (
              <p className="second">{t("noStates")}</p>
            ) : (
              <StateTimeline
                pieces={data.items}
                span={{ startMs: Date.parse(data.start), endMs: Date.parse(data.end) }}
                nowMs={answer.dataUpdatedAt}
                zone={zone}
                label={t("statesOf", { name: nameOf(path) })}
              />
            )
          }
        </Answered>
      </Tile>
      <div className={styles.row}>
        <OeeTile path={path} period={period} zone={zone} />
        <LossWaterfall path={path} period={period} zone={zone} />
      </div>
    </>
  );
}

/** The way from the baseline to the goal, by period: chart or table. */
import { useTranslations } from "use-intl";
import { pointsAddress, type Target } from "../../api/targets";
import { ChartTile } from "../../shared/ChartTile";
import { Tile } from "../../shared/Tile";
import { IndexChart } from "./IndexChart";
import styles from "./IndexChart.module.css";
import { IndexTable } from "./IndexTable";

const LEGEND = ["change", "path", "goal", "forecast"] as const;
const CLASSES = {
  change: styles.line,
  path: styles.path,
  goal: styles.goal,
  forecast: styles.forecast,
};

export function IndexTile({ target }: { target: Target }) {
  const t = useTranslations("targets");
  if (target.series.length === 0) {
    return (
      <Tile title={t("index.title")}>
        <p className="second">{t("index.none")}</p>
      </Tile>
    );
  }
  return (
    <ChartTile
      title={t("index.title")}
      csv={pointsAddress(target.key)}
      chart={
        <>
          <IndexChart target={target} />
          <ul className={styles.legend}>
            {LEGEND.filter((one) => one !== "forecast" || target.forecast !== null).map((one) => (
              <li key={one}>
                <svg viewBox="0 0 24 8" aria-hidden="true">
                  <line className={CLASSES[one]} x1={0} x2={24} y1={4} y2={4} />
                </svg>
                {t(`index.legend.${one}`)}
              </li>
            ))}
          </ul>
        </>
      }
      table={<IndexTable target={target} />}
    />
  );
}

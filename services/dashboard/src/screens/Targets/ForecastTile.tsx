/** What the periods so far let expect, with how it is made; or why there is no forecast. */
import { useTranslations } from "use-intl";
import type { Target } from "../../api/targets";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import styles from "./TargetsScreen.module.css";
import { forecastWordsOf } from "./words";

export function ForecastTile({ target }: { target: Target }) {
  const t = useTranslations("targets");
  const format = useFormats();
  const words = forecastWordsOf(target);
  const { forecast } = target;
  return (
    <Tile title={t("forecast.title")}>
      {forecast === null ? null : (
        <p className={styles.result}>
          {t("forecast.value", {
            change: format.change(forecast.change),
            on: format.day(forecast.on, true),
            low: format.change(forecast.low),
            high: format.change(forecast.high),
          })}
        </p>
      )}
      <p>
        {words.key === "none"
          ? t("forecast.none", { reason: words.reason })
          : words.key === "later"
            ? t("forecast.later", { on: format.day(words.on, true) })
            : t(`forecast.${words.key}`)}
      </p>
      {forecast === null ? null : (
        <p className="second">{t("forecast.method", { points: forecast.points })}</p>
      )}
    </Tile>
  );
}

/** How many values of the period are good, uncertain and bad, for each plant. */
import { useTranslations } from "use-intl";
import type { DataQuality } from "../../api/quarantine";
import { nameOf } from "../../shared/format";
import { ScrollBox } from "../../shared/ScrollBox";
import { useFormats } from "../../shared/useFormats";
import styles from "./Shares.module.css";

const QUALITIES = ["good", "uncertain", "bad"] as const;
type Values = DataQuality["total"];

export function Shares({ data, zone }: { data: DataQuality; zone: string }) {
  const t = useTranslations("quality.shares");
  const format = useFormats(zone);
  if (data.no_data) {
    return <p className="second">{t("none", { start: format.dayTime(data.start) })}</p>;
  }
  return (
    <>
      <p className={styles.headline}>
        <span className="headline">{format.share(data.total.good_share)}</span>
        <span className="second">
          {t("of", {
            values: data.total.values,
            start: format.dayTime(data.start),
            end: format.dayTime(data.end),
            zone: format.zone(data.end),
          })}
        </span>
      </p>
      <ScrollBox label={t("title")}>
        <table aria-label={t("title")}>
          <thead>
            <tr>
              <th scope="col">{t("plant")}</th>
              <th scope="col" className={styles.barHead}>
                {t("bar")}
              </th>
              {QUALITIES.map((quality) => (
                <th key={quality} scope="col" className="number">
                  {t(quality)}
                </th>
              ))}
              <th scope="col" className="number">
                {t("values")}
              </th>
            </tr>
          </thead>
          <tbody>
            {data.plants.map((plant) => (
              <tr key={plant.equipment}>
                <td>{nameOf(plant.equipment)}</td>
                <td>
                  <Bar values={plant} />
                </td>
                {QUALITIES.map((quality) => (
                  <td key={quality} className="number" title={format.number(plant[quality])}>
                    {format.share(plant[`${quality}_share`])}
                  </td>
                ))}
                <td className="number">{format.number(plant.values)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
    </>
  );
}

/** A part that exists is at least two units wide, so that a few bad values are seen. */
function Bar({ values }: { values: Values }) {
  const parts = QUALITIES.map((quality) => ({
    quality,
    width: values[quality] === 0 ? 0 : Math.max(2, 100 * (values[`${quality}_share`] ?? 0)),
  }));
  const total = parts.reduce((sum, { width }) => sum + width, 0);
  let left = 0;
  return (
    <svg className={styles.bar} viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      {total === 0
        ? null
        : parts.map(({ quality, width }) => {
            const x = left;
            left += (100 * width) / total;
            return (
              <rect
                key={quality}
                className={styles[quality]}
                x={x}
                y={quality === "good" ? 2 : 0}
                width={(100 * width) / total}
                height={quality === "good" ? 4 : 8}
              />
            );
          })}
    </svg>
  );
}

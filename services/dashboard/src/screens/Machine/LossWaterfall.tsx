/** Where the time went, from the calendar down to good parts: a table with bars. */
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { lossTimes, lossTimesAddress, type Period } from "../../api/equipment";
import { Answered } from "../../shared/Answered";
import { ChartTile } from "../../shared/ChartTile";
import { ScrollBox } from "../../shared/ScrollBox";
import { useFormats } from "../../shared/useFormats";
import styles from "./LossWaterfall.module.css";
import { type WaterfallRow, waterfallOf } from "./waterfall";

interface Props {
  path: string;
  period: Period;
  zone: string;
}

export function LossWaterfall({ path, period, zone }: Props) {
  const t = useTranslations("machine");
  const query = useQuery(lossTimes(path, period));
  return (
    <ChartTile
      title={t("losses")}
      csv={lossTimesAddress(path, period)}
      chart={
        <Answered query={query}>
          {({ items }) => {
            const times = items[0];
            const rows = times === undefined ? [] : waterfallOf(times);
            if (times === undefined || rows.length === 0) {
              return <p className="second">{t("noStates")}</p>;
            }
            return (
              <>
                <ScrollBox label={t("losses")}>
                  <table>
                    <thead>
                      <tr>
                        <th scope="col">{t("step")}</th>
                        <th scope="col" className="number">
                          {t("time")}
                        </th>
                        <th scope="col" className="number">
                          {t("share")}
                        </th>
                        <td />
                      </tr>
                    </thead>
                    <tbody>
                      {rows.map((row) => (
                        <Row key={row.key} row={row} zone={zone} />
                      ))}
                    </tbody>
                  </table>
                </ScrollBox>
                <Chains texts={times.supply_caused.map((chain) => chain.text)} />
              </>
            );
          }}
        </Answered>
      }
    />
  );
}

function Row({ row, zone }: { row: WaterfallRow; zone: string }) {
  const t = useTranslations("machine");
  const format = useFormats(zone);
  const isStep = row.kind === "step";
  const group = isStep ? "steps" : "parts";
  const key = `${group}.${row.name}`;
  // A newer API may have a category that this page does not know.
  const name = t.has(key as never) ? t(key as never) : t("parts.other", { name: row.name });
  return (
    <tr>
      <th scope="row" className={isStep ? styles.stepName : styles.name}>
        {name}
      </th>
      <td className="number">
        {row.kind === "gain" ? "+" : ""}
        {format.duration(isStep ? row.seconds : -row.seconds)}
      </td>
      <td className="number">{format.share(row.share)}</td>
      <td className={styles.bar}>
        <svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
          <rect className={styles[row.kind]} x={row.from} width={row.length} height={1} />
        </svg>
      </td>
    </tr>
  );
}

function Chains({ texts }: { texts: readonly string[] }) {
  const t = useTranslations("machine");
  if (texts.length === 0) return null;
  return (
    <>
      <h3>{t("supply")}</h3>
      <ul className={styles.chains}>
        {texts.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </>
  );
}

/** The OEE of the period with its three parts; a missing value names its reason. */
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { OEE_PARTS, oee, oeeAddress, type Period } from "../../api/equipment";
import { Answered } from "../../shared/Answered";
import { Explain } from "../../shared/Explain";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import styles from "./OeeTile.module.css";

interface Props {
  path: string;
  period: Period;
  zone: string;
}

export function OeeTile({ path, period, zone }: Props) {
  const t = useTranslations("machine");
  const common = useTranslations("common");
  const format = useFormats(zone);
  const explained = { equipment: path, period, zone };
  const query = useQuery(oee(path, period));
  return (
    <Tile
      title={t("oee")}
      extra={
        <>
          <a href={oeeAddress(path, period)} download aria-label={`${common("csv")}: ${t("oee")}`}>
            {common("csv")}
          </a>
          <Explain {...explained} kpi="oee" />
        </>
      }
    >
      <Answered query={query}>
        {({ items }) => {
          const answerOf = (kpi: string) => items.find((item) => item.kpi === kpi);
          const whole = answerOf("oee");
          return (
            <>
              <div className="headline" title={whole?.reason ?? undefined}>
                <Explain
                  {...explained}
                  kpi="oee"
                  label={common("kpi.oee")}
                  value={format.share(whole?.value)}
                />
              </div>
              {whole?.reason ? <p className="second">{whole.reason}</p> : null}
              <dl className={styles.parts}>
                {OEE_PARTS.map((part) => (
                  <div key={part}>
                    <dt>{common(`kpi.${part}`)}</dt>
                    <dd title={answerOf(part)?.reason ?? undefined}>
                      <Explain
                        {...explained}
                        kpi={part}
                        label={common(`kpi.${part}`)}
                        value={format.share(answerOf(part)?.value)}
                      />
                    </dd>
                  </div>
                ))}
              </dl>
              <p className="second">
                {notesOf(
                  whole?.coverage == null
                    ? null
                    : t("coverage", { share: format.share(whole.coverage) }),
                  whole?.computed_at
                    ? common("asOf", { time: format.time(whole.computed_at, true) })
                    : null,
                  whole?.provisional ? common("provisional") : null,
                )}
              </p>
            </>
          );
        }}
      </Answered>
    </Tile>
  );
}

function notesOf(...notes: readonly (string | null)[]): string {
  return notes.filter((note) => note !== null).join(" · ");
}

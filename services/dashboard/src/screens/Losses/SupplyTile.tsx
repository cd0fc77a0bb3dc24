/** Downtime that late deliveries caused: minutes, part, delivery, supplier; and what has no cause. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { type SupplyCaused, supplyCaused } from "../../api/losses";
import { type Plant, zoneOf } from "../../api/plants";
import { Answered } from "../../shared/Answered";
import { Empty } from "../../shared/Empty";
import { nameOf } from "../../shared/format";
import type { Period } from "../../shared/period";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import { Cause } from "./SupplyCause";
import styles from "./SupplyTile.module.css";

const SHOWN = 20;
const MINUTE_S = 60;

interface Props {
  under: readonly string[];
  period: Period;
  plants: readonly Plant[];
}

export function SupplyTile({ under, period, plants }: Props) {
  const t = useTranslations("losses.supply");
  const query = useQuery(supplyCaused({ under, ...period }, SHOWN));
  return (
    <Tile title={t("title")}>
      <Answered query={query}>
        {(data) => (
          <>
            <Totals data={data} />
            {data.items.length === 0 ? <Empty reason={t("none")} /> : null}
            <ul className={styles.losses} aria-label={t("title")}>
              {data.items.map((loss) => (
                <Loss
                  key={`${loss.line} ${loss.start}`}
                  loss={loss}
                  zone={zoneOf(plants, loss.line)}
                />
              ))}
            </ul>
            {data.more > 0 ? <p className="second">{t("more", { count: data.more })}</p> : null}
          </>
        )}
      </Answered>
    </Tile>
  );
}

function Totals({ data }: { data: SupplyCaused }) {
  const t = useTranslations("losses.supply");
  const format = useFormats();
  const length = (minutes: number) => format.duration(minutes * MINUTE_S);
  const { totals } = data;
  const why = (reason: string) => {
    const key = `reasons.${reason}`;
    // A newer API may have a reason that this page does not know.
    return t.has(key as never) ? t(key as never) : reason;
  };
  return (
    <>
      <p>
        {t("totals", {
          attributed: length(totals.attributed_minutes),
          starved: length(totals.starved_minutes),
          suspended: length(totals.suspended_minutes),
        })}
      </p>
      {totals.unattributed.length === 0 ? null : (
        <ul className={styles.plain}>
          {totals.unattributed.map(({ reason, minutes }) => (
            <li key={reason} className="second">
              <strong>{length(minutes)}</strong> {why(reason)}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Loss({ loss, zone }: { loss: SupplyCaused["items"][number]; zone: string }) {
  const format = useFormats(zone);
  return (
    <li className={styles.loss}>
      <div className={styles.facts}>
        <strong className={styles.length}>{format.duration(loss.line_minutes * MINUTE_S)}</strong>
        <Link
          to="/machine/$"
          params={{ _splat: loss.line }}
          search={{ start: loss.start, end: loss.end }}
          title={loss.line}
        >
          {nameOf(loss.line)}
        </Link>
        <span className="second">{format.span(loss.start, loss.end)}</span>
        {loss.cost === null ? null : (
          <span>
            {format.number(loss.cost.amount)} {loss.cost.currency}
          </span>
        )}
      </div>
      <p className="second">{loss.text}</p>
      {loss.causes.map((cause) => (
        <Cause key={cause.material} cause={cause} zone={zone} />
      ))}
    </li>
  );
}

/** Which downtime was caused by late deliveries, the longest first. */
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { supplyCausedLosses } from "../../api/supply";
import { Answered } from "../../shared/Answered";
import { Tile } from "../../shared/Tile";
import styles from "./lists.module.css";

const SHOWN = 5;

export function CostliestLosses({ under }: { under: string }) {
  const t = useTranslations("group");
  const query = useQuery(supplyCausedLosses(under, "-7d", SHOWN));
  return (
    <Tile title={t("costMost")}>
      <Answered query={query}>
        {(data) =>
          data.items.length === 0 ? (
            <p className="second">{t("costMostNone")}</p>
          ) : (
            <ul className={styles.list}>
              {data.items.map((loss) => (
                <li key={`${loss.line} ${loss.start}`}>{loss.text}</li>
              ))}
            </ul>
          )
        }
      </Answered>
    </Tile>
  );
}

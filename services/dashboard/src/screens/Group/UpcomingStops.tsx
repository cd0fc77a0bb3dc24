/** Which lines will stop for want of material, the nearest first. */
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { shortageWarnings } from "../../api/supply";
import { Answered } from "../../shared/Answered";
import { Tile } from "../../shared/Tile";
import styles from "./lists.module.css";

export function UpcomingStops({ under }: { under: string }) {
  const t = useTranslations("group");
  const query = useQuery(shortageWarnings(under));
  return (
    <Tile title={t("willStop")}>
      <Answered query={query}>
        {(data) =>
          data.items.length === 0 ? (
            <p className="second">{t("willStopNone")}</p>
          ) : (
            <ul className={styles.list}>
              {data.items.map((warning) => (
                <li key={`${warning.warehouse} ${warning.material}`}>{warning.text}</li>
              ))}
            </ul>
          )
        }
      </Answered>
    </Tile>
  );
}

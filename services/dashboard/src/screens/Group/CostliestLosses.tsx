/** Which downtime was caused by late deliveries, that of the most machine time first. */
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { type SupplyCaused, supplyCaused } from "../../api/losses";
import { type Plant, zoneOf } from "../../api/plants";
import { Answered } from "../../shared/Answered";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import styles from "./lists.module.css";
import { SupplyRow } from "./SupplyRow";

const SHOWN = 5;

interface Props {
  under: string;
  plants: readonly Plant[];
}

export function CostliestLosses({ under, plants }: Props) {
  const t = useTranslations("group");
  const query = useQuery(supplyCaused({ under: [under], start: "-7d" }, SHOWN));
  return (
    <Tile title={t("costMost")}>
      <Answered query={query}>
        {(data) =>
          data.items.length === 0 ? (
            <p className="second">{t("costMostNone")}</p>
          ) : (
            <>
              <ul className={styles.list}>
                {data.items.map((loss) => (
                  <Loss
                    key={`${loss.line} ${loss.start}`}
                    loss={loss}
                    zone={zoneOf(plants, loss.line)}
                  />
                ))}
              </ul>
              {data.more > 0 ? (
                <p className="second">{t("moreLosses", { count: data.more })}</p>
              ) : null}
            </>
          )
        }
      </Answered>
    </Tile>
  );
}

function Loss({ loss, zone }: { loss: SupplyCaused["items"][number]; zone: string }) {
  const format = useFormats(zone);
  const deliveries = loss.causes.flatMap((cause) => cause.deliveries);
  return (
    <SupplyRow
      length={format.duration(loss.line_minutes * 60)}
      when={`${format.dayTime(loss.start)} ${format.zone(loss.start)}`}
      lines={[loss.line]}
      materials={loss.causes.map(({ material }) => material)}
      suppliers={deliveries.map((delivery) => delivery.supplier_name)}
      sentence={loss.text}
    />
  );
}

/** Which lines will stop for want of material, the nearest first. */
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { type Plant, zoneOf } from "../../api/plants";
import { type ShortageWarning, shortageWarnings } from "../../api/supply";
import { Answered } from "../../shared/Answered";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import styles from "./lists.module.css";
import { SupplyRow } from "./SupplyRow";

interface Props {
  under: string;
  plants: readonly Plant[];
}

export function UpcomingStops({ under, plants }: Props) {
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
                <Warning
                  key={`${warning.warehouse} ${warning.material}`}
                  warning={warning}
                  zone={zoneOf(plants, warning.lines[0]?.equipment ?? "")}
                />
              ))}
            </ul>
          )
        }
      </Answered>
    </Tile>
  );
}

function Warning({ warning, zone }: { warning: ShortageWarning; zone: string }) {
  const format = useFormats(zone);
  const named = warning.deliveries.map((delivery) => delivery.supplier_name);
  return (
    <SupplyRow
      length={format.duration(warning.minutes_at_risk * 60)}
      when={`${format.dayTime(warning.short_at)} ${format.zone(warning.short_at)}`}
      lines={warning.lines.map(({ equipment }) => equipment)}
      materials={[warning.material]}
      suppliers={named.length === 0 ? warning.suppliers : named}
      sentence={warning.text}
    />
  );
}

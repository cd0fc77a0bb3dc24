/** The first line that a shortage in this warehouse stops: the answer of the screen. */
import { useTranslations } from "use-intl";
import type { PartSupply } from "../../api/warehouse";
import { nameOf } from "../../shared/format";
import { useFormats } from "../../shared/useFormats";
import { firstStop } from "./parts";
import styles from "./WarehouseScreen.module.css";

export function NextStop({ parts, zone }: { parts: readonly PartSupply[]; zone: string }) {
  const t = useTranslations("warehouse");
  const format = useFormats(zone);
  const first = firstStop(parts);
  if (first === undefined) {
    return (
      <div>
        <p className={styles.calm}>{t("nothingStops")}</p>
        <p className="second">{t("nothingStopsHint")}</p>
      </div>
    );
  }
  const lines = first.lines.map(({ equipment }) => nameOf(equipment)).join(", ");
  return (
    <div>
      <p className="headline">
        {format.dayTime(first.stops_at)} {format.zone(first.stops_at)}
      </p>
      <p>
        {t("stops", { lines, material: `${first.material} ${first.description}` })} ·{" "}
        {t("minutes", { minutes: format.duration(first.minutes_at_risk * 60) })}
      </p>
    </div>
  );
}

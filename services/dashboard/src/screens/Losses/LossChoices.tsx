/** The choices of the screen, all of them links: the address is the whole state. */
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import type { LossSearch } from "../../app/search";
import styles from "./LossesScreen.module.css";
import { GROUPINGS, type Grouping, type Order } from "./tree";
import { UNITS, type Unit } from "./units";

const BY: readonly Grouping[] = ["plant", "line", "machine", "category", "reason"];
const ORDERS: readonly Order[] = ["time", "change"];

interface Props {
  search: LossSearch;
  by: Grouping;
  order: Order;
  unit: Unit;
}

export function LossChoices({ search, by, order, unit }: Props) {
  const t = useTranslations("losses");
  const { open: _, ...closed } = search; // other rows
  return (
    <div className={styles.choices}>
      <nav className={styles.choice} aria-label={t("by")}>
        <span className="second">{t("by")}</span>
        {BY.map((one) => (
          <Link
            key={one}
            className={styles.link}
            to="/losses"
            search={{ ...closed, by: one }}
            aria-current={one === by ? "true" : undefined}
            title={GROUPINGS[one].map((level) => t(`dimensions.${level}`)).join(" ▸ ")}
          >
            {t(`dimensions.${one}`)}
          </Link>
        ))}
      </nav>
      <nav className={styles.choice} aria-label={t("order")}>
        <span className="second">{t("order")}</span>
        {ORDERS.map((one) => (
          <Link
            key={one}
            className={styles.link}
            to="/losses"
            search={{ ...search, sort: one }}
            aria-current={one === order ? "true" : undefined}
          >
            {t(`orders.${one}`)}
          </Link>
        ))}
      </nav>
      <nav className={styles.choice} aria-label={t("unit")}>
        <span className="second">{t("unit")}</span>
        {UNITS.map((one) => (
          <Link
            key={one}
            className={styles.link}
            to="/losses"
            search={{ ...search, unit: one }}
            aria-current={one === unit ? "true" : undefined}
          >
            {t(`units.${one}`)}
          </Link>
        ))}
      </nav>
    </div>
  );
}

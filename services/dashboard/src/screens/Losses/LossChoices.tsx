/** The choices of the screen, all of them links: the address is the whole state. */
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import styles from "./LossesScreen.module.css";
import { GROUPINGS, type Grouping, type Order } from "./tree";

const BY: readonly Grouping[] = ["plant", "line", "machine", "category", "reason"];
const PERIODS = ["-24h", "-7d", "-28d"] as const;
const ORDERS: readonly Order[] = ["time", "change"];

interface Props {
  search: { under?: string; start?: string; end?: string; by?: string; sort?: string };
  by: Grouping;
  start: string;
  order: Order;
}

export function LossChoices({ search, by, start, order }: Props) {
  const t = useTranslations("losses");
  const common = useTranslations("common");
  const { end: _, ...open } = search; // a named period ends now
  return (
    <div className={styles.choices}>
      <nav className={styles.choice} aria-label={t("by")}>
        <span className="second">{t("by")}</span>
        {BY.map((one) => (
          <Link
            key={one}
            className={styles.link}
            to="/losses"
            search={{ ...search, by: one }}
            aria-current={one === by ? "true" : undefined}
            title={GROUPINGS[one].map((level) => t(`dimensions.${level}`)).join(" ▸ ")}
          >
            {t(`dimensions.${one}`)}
          </Link>
        ))}
      </nav>
      <nav className={styles.choice} aria-label={common("period")}>
        <span className="second">{common("period")}</span>
        {PERIODS.map((one) => (
          <Link
            key={one}
            className={styles.link}
            to="/losses"
            search={{ ...open, start: one }}
            aria-current={one === start && search.end === undefined ? "true" : undefined}
          >
            {common(`periods.${one}`)}
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
    </div>
  );
}

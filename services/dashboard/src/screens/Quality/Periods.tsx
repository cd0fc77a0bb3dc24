/** The period whose values are counted. */
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import styles from "./QualityScreen.module.css";

const PERIODS = ["-1h", "-24h", "-7d"] as const;

export function Periods({ start }: { start: string }) {
  const t = useTranslations("quality.periods");
  const common = useTranslations("common");
  return (
    <nav className={styles.periods} aria-label={common("period")}>
      {PERIODS.map((one) => (
        <Link
          key={one}
          className={styles.period}
          to="/quality"
          search={(before) => ({ ...before, start: one, end: undefined })}
          aria-current={one === start ? "true" : undefined}
        >
          {t(one)}
        </Link>
      ))}
    </nav>
  );
}

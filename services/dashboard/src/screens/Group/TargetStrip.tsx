/** How far the productivity is on its way to the goal. */
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import type { OverviewItem } from "../../api/overview";
import { useFormats } from "../../shared/useFormats";
import styles from "./TargetStrip.module.css";

export function TargetStrip({ target }: { target: OverviewItem["targets"][number] }) {
  const t = useTranslations("group");
  const format = useFormats();
  const change = format.change(target.change);
  return (
    <section className={styles.strip} aria-label={t("target")}>
      <span className="second">{t("target")}</span>
      <span className={styles.change}>
        {t("ofGoal", { change, goal: format.change(target.goal) })}
      </span>
      <progress
        className={styles.bar}
        max={target.goal}
        value={Math.max(0, target.change ?? 0)}
        aria-label={t("ofGoal", { change, goal: format.change(target.goal) })}
      />
      <span className="second">
        {[
          ...(target.gap_points === null
            ? []
            : [t("gap", { points: format.points(target.gap_points / 100) })]),
          t("due", { day: format.day(`${target.due_on}T00:00:00Z`, true) }),
        ].join(" · ")}
      </span>
      <Link to="/targets">{t("toTargets")}</Link>
    </section>
  );
}

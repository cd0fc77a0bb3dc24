/** Open lines by age as small bars with their numbers in words. */
import { useTranslations } from "use-intl";
import type { SupplierKpis } from "../../api/suppliers";
import styles from "./SuppliersScreen.module.css";

export const AGES = ["not_due", "overdue_1d", "overdue_3d", "overdue_7d", "overdue_more"] as const;
const STEP = 12;
const HEIGHT = 20;

interface Props {
  name: string;
  ages: SupplierKpis["open_by_age"];
}

export function AgeBars({ name, ages }: Props) {
  const t = useTranslations("suppliers");
  const most = Math.max(1, ...AGES.map((age) => ages[age]));
  const text = AGES.map((age) => t("age", { age: t(`ages.${age}`), count: ages[age] })).join(", ");
  return (
    <svg
      className={styles.ages}
      viewBox={`0 0 ${STEP * AGES.length} ${HEIGHT}`}
      role="img"
      aria-label={t("agesOf", { name, text })}
    >
      <title>{text}</title>
      {AGES.map((age, index) => {
        const height = ages[age] === 0 ? 1 : Math.max(3, (HEIGHT * ages[age]) / most);
        return (
          <rect
            key={age}
            className={age === "not_due" ? styles.notDue : styles.due}
            x={index * STEP}
            y={HEIGHT - height}
            width={STEP - 3}
            height={height}
          />
        );
      })}
    </svg>
  );
}

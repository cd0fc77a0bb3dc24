/** A grey block of about the final size; it appears after 300 ms. */
import { useTranslations } from "use-intl";
import styles from "./Answered.module.css";

export function Loading() {
  const t = useTranslations("common");
  return <div className={styles.block} role="status" aria-label={t("loading")} />;
}

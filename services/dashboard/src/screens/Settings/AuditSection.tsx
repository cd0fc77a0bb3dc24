/** Settings: audit. */
import { useTranslations } from "use-intl";

export function AuditSection() {
  const t = useTranslations("settings");
  return <h2>{t("sections.audit")}</h2>;
}

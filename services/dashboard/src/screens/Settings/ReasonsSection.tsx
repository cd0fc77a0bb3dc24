/** Settings: reasons. */
import { useTranslations } from "use-intl";

export function ReasonsSection() {
  const t = useTranslations("settings");
  return <h2>{t("sections.reasons")}</h2>;
}

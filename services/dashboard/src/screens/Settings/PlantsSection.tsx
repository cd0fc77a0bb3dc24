/** Settings: plants. */
import { useTranslations } from "use-intl";

export function PlantsSection() {
  const t = useTranslations("settings");
  return <h2>{t("sections.plants")}</h2>;
}

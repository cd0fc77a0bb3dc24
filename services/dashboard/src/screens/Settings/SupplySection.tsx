/** Settings: supply. */
import { useTranslations } from "use-intl";

export function SupplySection() {
  const t = useTranslations("settings");
  return <h2>{t("sections.supply")}</h2>;
}

/** Settings: mappings. */
import { useTranslations } from "use-intl";

export function MappingSection() {
  const t = useTranslations("settings");
  return <h2>{t("sections.mappings")}</h2>;
}

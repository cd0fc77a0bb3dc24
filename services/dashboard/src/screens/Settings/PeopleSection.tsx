/** Settings: people. */
import { useTranslations } from "use-intl";

export function PeopleSection() {
  const t = useTranslations("settings");
  return <h2>{t("sections.people")}</h2>;
}

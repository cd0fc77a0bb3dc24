/** Settings: keys. */
import { useTranslations } from "use-intl";

export function KeysSection() {
  const t = useTranslations("settings");
  return <h2>{t("sections.keys")}</h2>;
}

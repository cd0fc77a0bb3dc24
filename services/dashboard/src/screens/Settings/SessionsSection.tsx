/** Settings: sessions. */
import { useTranslations } from "use-intl";

export function SessionsSection() {
  const t = useTranslations("settings");
  return <h2>{t("sections.sessions")}</h2>;
}

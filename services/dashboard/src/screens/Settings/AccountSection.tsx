/** Settings: account. */
import { useTranslations } from "use-intl";

export function AccountSection() {
  const t = useTranslations("settings");
  return <h2>{t("sections.account")}</h2>;
}

/** Trends. */
import { useTranslations } from "use-intl";

export function TrendsScreen() {
  const t = useTranslations("trends");
  return <h1>{t("title")}</h1>;
}

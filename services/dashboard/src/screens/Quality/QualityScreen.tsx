/** Data quality. */
import { useTranslations } from "use-intl";

export function QualityScreen() {
  const t = useTranslations("quality");
  return <h1>{t("title")}</h1>;
}

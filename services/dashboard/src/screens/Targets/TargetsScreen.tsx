/** Targets. */
import { useTranslations } from "use-intl";

export function TargetsScreen() {
  const t = useTranslations("targets");
  return <h1>{t("title")}</h1>;
}

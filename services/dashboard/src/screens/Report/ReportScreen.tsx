/** Shift report. */
import { useTranslations } from "use-intl";

export function ReportScreen() {
  const t = useTranslations("report");
  return <h1>{t("title")}</h1>;
}

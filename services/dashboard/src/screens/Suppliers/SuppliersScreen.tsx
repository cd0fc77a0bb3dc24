/** Suppliers. */
import { useTranslations } from "use-intl";

export function SuppliersScreen() {
  const t = useTranslations("suppliers");
  return <h1>{t("title")}</h1>;
}

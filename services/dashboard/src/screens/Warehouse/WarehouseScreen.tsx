/** Warehouse. */
import { useTranslations } from "use-intl";

export function WarehouseScreen() {
  const t = useTranslations("warehouse");
  return <h1>{t("title")}</h1>;
}

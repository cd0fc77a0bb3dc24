import { useTranslations } from "use-intl";

export function PlantScreen() {
  const t = useTranslations("plant");
  return <h1>{t("title")}</h1>;
}

import { useTranslations } from "use-intl";

export function MachineScreen() {
  const t = useTranslations("machine");
  return <h1>{t("title")}</h1>;
}

/** Connectors. */
import { useTranslations } from "use-intl";

export function ConnectorsScreen() {
  const t = useTranslations("connectors");
  return <h1>{t("title")}</h1>;
}

import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";

export function UnknownPage() {
  const t = useTranslations("common.error");
  return (
    <>
      <h1>{t("unknownPage")}</h1>
      <p>{t("unknownPageHint")}</p>
      <p>
        <Link to="/">{t("toGroup")}</Link>
      </p>
    </>
  );
}

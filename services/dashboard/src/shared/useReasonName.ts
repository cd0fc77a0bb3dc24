/** The name of a stop's reason in the language of the page. */
import { useLanguage } from "../i18n/LanguageProvider";

interface Named {
  reason: string | null;
  reason_en: string | null;
  reason_de: string | null;
}

export function useReasonName(): (stop: Named) => string | undefined {
  const { language } = useLanguage();
  return ({ reason, reason_en, reason_de }) =>
    (language === "de" ? reason_de : reason_en) ?? reason ?? undefined;
}

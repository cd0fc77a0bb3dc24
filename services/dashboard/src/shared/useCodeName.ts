/** The name of a reason by its code, in the language of the page; its code where it has none. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type ReasonKind, reasonsOf } from "../api/reasons";
import { useLanguage } from "../i18n/LanguageProvider";

export function useCodeName(plant: string | undefined, kind: ReasonKind) {
  const { language } = useLanguage();
  const query = useQuery(reasonsOf(plant, kind));
  const names = useMemo(
    () =>
      new Map(
        query.data?.items.map(({ code, name_de, name_en }) => [
          code,
          language === "de" ? name_de : name_en,
        ]),
      ),
    [query.data, language],
  );
  return { query, nameOf: (code: string) => names.get(code) ?? code };
}

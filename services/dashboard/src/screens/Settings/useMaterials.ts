/** Changes the materials of a line: the newest list with one entry changed, sent whole. */
import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { ApiProblem } from "../../api/client";
import { lineMaterials, type NewLineMaterial, setLineMaterials } from "../../api/policies";
import { useAction } from "../../shared/useAction";
import { entryOf } from "./supply";

type Change = (items: readonly NewLineMaterial[]) => NewLineMaterial[] | undefined;

export function useMaterials(line: string) {
  const t = useTranslations("supply");
  const client = useQueryClient();
  return useAction(
    async (change: Change) => {
      // Others change the same list: what this page has shown may be a minute old.
      const { items } = await client.fetchQuery({ ...lineMaterials(line), staleTime: 0 });
      const former = items.filter(({ equipment }) => equipment === line).map(entryOf);
      const next = change(former);
      if (next === undefined) {
        throw new ApiProblem(409, { title: t("materialGone"), detail: t("materialGoneHint") });
      }
      await setLineMaterials(line, next);
      return { former };
    },
    {
      invalidates: [["line_materials"], ["days_of_supply"], ["shortage_warnings"], ["audit"]],
      done: t("materialsSaved"),
      undo: ({ former }) => setLineMaterials(line, former),
    },
  );
}

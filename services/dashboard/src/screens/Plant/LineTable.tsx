/** The lines of a plant, the one that lost most first, each with its machines. */
import { useTranslations } from "use-intl";
import type { OverviewItem } from "../../api/overview";
import { JUDGED_KPIS } from "../../shared/judged";
import { byNeed } from "../../shared/ranking";
import { ScrollBox } from "../../shared/ScrollBox";
import { LineRow } from "./LineRow";

interface Props {
  lines: readonly OverviewItem[];
  machines: readonly OverviewItem[];
}

export function LineTable({ lines, machines }: Props) {
  const t = useTranslations("plant");
  const common = useTranslations("common");
  return (
    <ScrollBox label={t("lines")}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("line")}</th>
            <th scope="col">{t("now")}</th>
            {JUDGED_KPIS.map((name) => (
              <th key={name} scope="col" className="number">
                {common(`kpi.${name}`)}
              </th>
            ))}
            <th scope="col" className="number">
              {t("good")}
            </th>
            <th scope="col" className="number" title={t("plannedHint")}>
              {t("planned")}
            </th>
            <th scope="col" className="number">
              {t("lost")}
            </th>
            <td />
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <LineRow
              key={line.equipment}
              line={line}
              machines={machines
                .filter(({ equipment }) => equipment.startsWith(`${line.equipment}/`))
                .toSorted(byNeed)}
            />
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}

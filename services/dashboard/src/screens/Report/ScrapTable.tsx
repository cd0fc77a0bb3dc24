/** Scrap of the shift by reason. */
import { useTranslations } from "use-intl";
import type { ShiftReport } from "../../api/reports";
import { useLanguage } from "../../i18n/LanguageProvider";
import { useFormats } from "../../shared/useFormats";

export function ScrapTable({ report }: { report: ShiftReport }) {
  const t = useTranslations("report");
  const { language } = useLanguage();
  const format = useFormats(report.time_zone);
  if (report.scrap_reasons.length === 0) return <p className="second">{t("noScrap")}</p>;
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{t("reason")}</th>
          <th scope="col" className="number">
            {t("parts")}
          </th>
        </tr>
      </thead>
      <tbody>
        {report.scrap_reasons.map(({ reason, name_en, name_de, quantity }) => (
          <tr key={reason ?? ""}>
            <td>{(language === "de" ? name_de : name_en) ?? reason ?? t("untagged")}</td>
            <td className="number">{format.number(quantity)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

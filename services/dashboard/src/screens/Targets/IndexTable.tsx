/** The index as a table: each period with its change, what the path asks for, and the difference. */
import { useTranslations } from "use-intl";
import type { Target } from "../../api/targets";
import { ScrollBox } from "../../shared/ScrollBox";
import { useFormats } from "../../shared/useFormats";
import { useZoneOf } from "../../shared/useHomeZone";

export function IndexTable({ target }: { target: Target }) {
  const t = useTranslations("targets");
  const format = useFormats(useZoneOf(target.under));
  return (
    <ScrollBox label={t("index.title")}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("index.period")}</th>
            <th scope="col" className="number">
              {t("index.change")}
            </th>
            <th scope="col" className="number">
              {t("index.path")}
            </th>
            <th scope="col" className="number">
              {t("index.difference")}
            </th>
          </tr>
        </thead>
        <tbody>
          {target.series.map((point) => (
            <tr key={point.start}>
              <th scope="row">
                {format.day(point.start, true)} – {format.day(Date.parse(point.end) - 1, true)}
              </th>
              <td className="number">{format.change(point.change)}</td>
              <td className="number">{format.change(point.path_change)}</td>
              <td className="number">
                {format.points(point.change === null ? null : point.change - point.path_change)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}

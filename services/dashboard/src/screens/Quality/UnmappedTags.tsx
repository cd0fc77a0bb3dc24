/** Tags that arrive and that no mapping names; each opens its repair. */
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import type { DataQuality } from "../../api/quarantine";
import { Cut } from "../../shared/Cut";
import { Empty } from "../../shared/Empty";
import { ScrollBox } from "../../shared/ScrollBox";
import { useFormats } from "../../shared/useFormats";

interface Props {
  data: DataQuality;
  zone: string;
}

export function UnmappedTags({ data, zone }: Props) {
  const t = useTranslations("quality.unmapped");
  const format = useFormats(zone);
  if (data.unmapped_total === 0) return <Empty reason={t("none")} />;
  return (
    <>
      <p>{t("count", { count: data.unmapped_total })}</p>
      <ScrollBox label={t("title")} isLow>
        <table aria-label={t("title")}>
          <thead>
            <tr>
              <th scope="col">{t("tag")}</th>
              <th scope="col">{t("connector")}</th>
              <th scope="col" className="number">
                {t("values")}
              </th>
              <th scope="col">{t("last")}</th>
            </tr>
          </thead>
          <tbody>
            {data.unmapped.map((tag) => (
              <tr key={`${tag.connector_id} ${tag.source}`}>
                <td>
                  <Link
                    to="/quality"
                    search={(before) => ({
                      ...before,
                      reason: undefined, // that of the entry
                      entry: String(tag.example_id),
                    })}
                  >
                    {tag.source}
                  </Link>
                </td>
                <td>{tag.connector_id}</td>
                <td className="number">{format.number(tag.count)}</td>
                <td>{format.dayTime(tag.last_at)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
      <Cut
        what="largest"
        shown={data.unmapped.length}
        isCut={data.unmapped_total > data.unmapped.length}
      />
    </>
  );
}

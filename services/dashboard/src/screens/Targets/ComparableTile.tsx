/** Whether plants, or lines of one plant, can be compared: as words, with the reasons why not. */
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { type Comparison, comparison, type Level, type Target } from "../../api/targets";
import { Answered } from "../../shared/Answered";
import { nameOf } from "../../shared/format";
import { ScrollBox } from "../../shared/ScrollBox";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import { comparedIn } from "./compared";

export function ComparableTile({ target }: { target: Target }) {
  const t = useTranslations("targets");
  const { under, level } = comparedIn(target.under);
  if (level === undefined) return null;
  return (
    <Tile title={t("comparable.title")}>
      <Rows under={under} level={level} start={target.now_start} end={target.now_end} />
      <p className="second">{t("comparable.hint")}</p>
    </Tile>
  );
}

function Rows(props: { under: string; level: Level; start: string; end: string }) {
  const t = useTranslations("targets");
  const { under, level, start, end } = props;
  const query = useQuery(comparison(under, level, start, end));
  return (
    <Answered query={query}>
      {({ items }) =>
        items.length === 0 ? (
          <p className="second">{t("comparable.none", { path: under })}</p>
        ) : (
          <ScrollBox label={t("comparable.title")}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{t("comparable.equipment")}</th>
                  <th scope="col">{t("comparable.verdict")}</th>
                  <th scope="col" className="number">
                    {t("comparable.oee")}
                  </th>
                  <th scope="col" className="number">
                    {t("comparable.trust")}
                  </th>
                  <th scope="col">{t("comparable.reasons")}</th>
                </tr>
              </thead>
              <tbody>
                {items.map((item) => (
                  <Row key={item.equipment} item={item} />
                ))}
              </tbody>
            </table>
          </ScrollBox>
        )
      }
    </Answered>
  );
}

function Row({ item }: { item: Comparison["items"][number] }) {
  const t = useTranslations("targets");
  const format = useFormats();
  return (
    <tr>
      <th scope="row" title={item.equipment}>
        {nameOf(item.equipment)}
      </th>
      <td>{t(item.comparable ? "comparable.yes" : "comparable.no")}</td>
      <td className="number" title={item.value_reason ?? undefined}>
        {format.share(item.value)}
      </td>
      <td className="number">{format.share(item.trust)}</td>
      <td>{item.reasons.join("; ")}</td>
    </tr>
  );
}

/** Where a number comes from, in a drawer: its formula, sums, machines, gaps, doubts, mappings. */
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { type Explanation as Explained, explanation } from "../api/explanations";
import { Answered } from "./Answered";
import { Dialog } from "./Dialog";
import styles from "./Explanation.module.css";
import { ExplainedMachines, ExplainedSums } from "./ExplanationTables";
import { nameOf } from "./format";
import type { Period } from "./period";
import { useFormats } from "./useFormats";

interface Props {
  equipment: string;
  kpi: string;
  period: Period;
  zone: string;
  onClose: () => void;
}

export function Explanation({ equipment, kpi, period, zone, onClose }: Props) {
  const t = useTranslations("common");
  const query = useQuery(explanation(equipment, kpi, period.start, period.end));
  const title = t.has(`kpi.${kpi}` as never) ? t(`kpi.${kpi}` as never) : kpi;
  return (
    <Dialog
      title={`${title} · ${equipment.replaceAll("/", " / ")}`}
      onClose={onClose}
      kind="drawer"
      size="lg"
    >
      <Answered query={query}>{(data) => <Parts data={data} zone={zone} />}</Answered>
    </Dialog>
  );
}

function Parts({ data, zone }: { data: Explained; zone: string }) {
  const t = useTranslations("common.explained");
  const common = useTranslations("common");
  const format = useFormats(zone);
  const { definition } = data;
  const doubts = [...new Set(data.doubts.map(({ text }) => text))];
  return (
    <div className={styles.parts}>
      <p>
        <strong className={styles.value}>{written(data.value, data.unit, format)}</strong>{" "}
        {data.reason === null ? null : <span>{data.reason}</span>}
      </p>
      <p className="second">
        {[
          format.span(data.start, data.end),
          ...(data.computed_at === null
            ? []
            : [common("asOf", { time: format.time(data.computed_at, true) })]),
          ...(data.provisional ? [common("provisional")] : []),
          ...(data.coverage === null
            ? []
            : [t("coverage", { share: format.share(data.coverage) })]),
        ].join(" · ")}
      </p>
      <h3>{t("formula", { version: definition.version })}</h3>
      <p>
        <code lang="en">{definition.formula}</code>
      </p>
      <p className="second">
        <span lang="en">{definition.description}</span>
        {definition.number === null ? null : ` ISO 22400-2, ${definition.number}.`}
      </p>
      {data.strict_value === null || data.strict_value === data.value ? null : (
        <p className="second">
          {t("strict", { value: written(data.strict_value, data.unit, format) })}
        </p>
      )}
      <ExplainedSums elements={data.elements} />
      <ExplainedMachines data={data} zone={zone} />
      <h3>{t("gaps", { count: data.gap_count })}</h3>
      {data.gaps.length === 0 ? null : (
        <ul>
          {data.gaps.map((gap) => (
            <li key={`${gap.connector_id} ${gap.start}`}>
              {gap.connector_id}:{" "}
              {gap.end === null ? format.dayTime(gap.start) : format.span(gap.start, gap.end)}{" "}
              <span className="second" lang="en">
                {gap.detail}
              </span>
            </li>
          ))}
        </ul>
      )}
      <h3>{t("doubts", { count: doubts.length })}</h3>
      {doubts.length === 0 ? null : (
        <ul>
          {doubts.map((text) => (
            <li key={text}>
              {text}{" "}
              <span className="second">
                {data.doubts
                  .filter((doubt) => doubt.text === text)
                  .map(({ equipment }) => nameOf(equipment))
                  .join(", ")}
              </span>
            </li>
          ))}
        </ul>
      )}
      <p className="second">
        {t("quarantine", { count: data.quarantine_count })} ·{" "}
        {t("outages", { count: data.outage_count })} ·{" "}
        {t("mappings", { names: data.mappings.join(", ") || "–" })}
      </p>
      <p>
        <a href={data.values_href}>{t("api")}</a>
      </p>
    </div>
  );
}

function written(
  value: number | null,
  unit: string,
  format: ReturnType<typeof useFormats>,
): string {
  if (unit === "ratio") return format.share(value);
  if (unit === "s") return format.duration(value);
  return value === null ? format.number(value) : `${format.number(value, 2)} ${unit}`;
}

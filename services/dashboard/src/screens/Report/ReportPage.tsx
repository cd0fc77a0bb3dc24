/** One A4 page: what the shift made, lost and left, with its signatures. */
import { useTranslations } from "use-intl";
import type { ShiftReport } from "../../api/reports";
import { Explain } from "../../shared/Explain";
import { NotesList } from "../../shared/NotesList";
import { useFormats } from "../../shared/useFormats";
import { LineStates } from "./LineStates";
import { OrdersTable } from "./OrdersTable";
import styles from "./ReportScreen.module.css";
import { ScrapTable } from "./ScrapTable";
import { Signatures } from "./Signatures";
import { StopsTable } from "./StopsTable";

export function ReportPage({ report }: { report: ShiftReport }) {
  const t = useTranslations("report");
  const common = useTranslations("common");
  const format = useFormats(report.time_zone);
  const { equipment: path, shift, start, end } = report;
  const span = {
    start: format.dayTime(start),
    end: format.time(end),
    zone: format.zone(start),
  };
  return (
    <article className={styles.page} aria-label={t("title")}>
      <header>
        <strong>{path.replaceAll("/", " / ")}</strong>
        <p>
          {shift === null ? t("span", span) : t("shift", { ...span, name: shift.name })}
          {" · "}
          {common("asOf", { time: format.time(report.as_of, true) })}
          {report.provisional ? ` · ${common("provisional")}` : ""}
        </p>
        <p className={styles.crew}>{t("crew")}</p>
      </header>
      {report.no_data ? <p>{t("noData")}</p> : null}
      <Numbers report={report} />
      <LineStates path={path} start={start} end={end} zone={report.time_zone} />
      <section>
        <h2>{t("orders")}</h2>
        <OrdersTable report={report} />
      </section>
      <div className={styles.pair}>
        <section>
          <h2>{t("stops")}</h2>
          <StopsTable report={report} />
        </section>
        <section>
          <h2>{t("scrap")}</h2>
          <ScrapTable report={report} />
        </section>
      </div>
      <section>
        <h2>{t("notes")}</h2>
        <NotesList
          path={path}
          notes={report.notes}
          zone={report.time_zone}
          start={noteStart(report)}
        />
      </section>
      <section>
        <h2>{t("signatures")}</h2>
        <Signatures report={report} />
      </section>
    </article>
  );
}

function Numbers({ report }: { report: ShiftReport }) {
  const t = useTranslations("report");
  const common = useTranslations("common");
  const format = useFormats(report.time_zone);
  const { counts, kpis } = report;
  const coverage = kpis.find(({ kpi }) => kpi === "oee")?.coverage;
  const known = kpis.filter(({ kpi }) => common.has(`kpi.${kpi}` as "kpi.oee"));
  const texts: readonly (readonly [string, string, string | undefined])[] = [
    [t("good"), format.number(counts.good), undefined],
    [t("target"), format.number(counts.target), t("targetHint")],
    [t("scrapParts"), format.number(counts.scrap), undefined],
    [t("rework"), format.number(counts.rework), undefined],
  ];
  return (
    <>
      <dl className={styles.numbers}>
        {known.map(({ kpi, value, reason }) => (
          <div key={kpi} title={reason ?? undefined}>
            <dt>{common(`kpi.${kpi}` as "kpi.oee")}</dt>
            <dd>
              <Explain
                equipment={report.equipment}
                kpi={kpi}
                period={{ start: report.start, end: report.end }}
                zone={report.time_zone}
                label={common(`kpi.${kpi}` as "kpi.oee")}
                value={format.share(value)}
              />
            </dd>
          </div>
        ))}
        {texts.map(([name, value, title]) => (
          <div key={name} title={title}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p className="second">
        {[
          ...(coverage == null ? [] : [t("coverage", { share: format.share(coverage) })]),
          ...(report.computed_at === null
            ? []
            : [t("computed", { time: format.dayTime(report.computed_at) })]),
        ].join(" · ")}
      </p>
    </>
  );
}

/** A note of a shift that is over stands at its end; else it is of now. */
function noteStart({ end, as_of }: ShiftReport): string | undefined {
  const endMs = Date.parse(end);
  return endMs <= Date.parse(as_of) ? new Date(endMs - 1000).toISOString() : undefined;
}

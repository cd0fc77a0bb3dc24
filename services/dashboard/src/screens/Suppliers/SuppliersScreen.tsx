/** "Who will let us down, and who already does?" */
import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useTranslations } from "use-intl";
import { rankedSuppliers, type SupplierList } from "../../api/suppliers";
import { Answered } from "../../shared/Answered";
import { Empty } from "../../shared/Empty";
import { PeriodPicker } from "../../shared/PeriodPicker";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import { usePeriod } from "../../shared/usePeriod";
import { PolicyNotes } from "./PolicyNotes";
import { RankingTable } from "./RankingTable";
import { SupplierDetail } from "./SupplierDetail";
import styles from "./SuppliersScreen.module.css";

const RawMessage = lazy(async () => ({ default: (await import("./RawMessage")).RawMessage }));

export function SuppliersScreen() {
  const t = useTranslations("suppliers");
  const common = useTranslations("common");
  const search = useSearch({ from: "/suppliers" });
  const period = usePeriod("-28d");
  const query = useQuery(rankedSuppliers(period));
  const zone = query.data?.period?.time_zone ?? "UTC";
  const csv = new URLSearchParams({ with: "kpis", sort: "rank", format: "csv", ...period });
  return (
    <>
      <div className={styles.head}>
        <h1>{t("title")}</h1>
        {query.data === undefined ? null : <PeriodText data={query.data} zone={zone} />}
      </div>
      <PeriodPicker zone={zone} choices={["-28d", "-7d"]} />
      <Tile
        title={t("ranking")}
        extra={
          <a href={`/api/v1/suppliers?${csv}`} download>
            {common("csv")}
          </a>
        }
      >
        <Answered query={query}>
          {(data) =>
            data.items.length === 0 ? (
              <Empty reason={t("none")} action={<p>{t("noneHint")}</p>} />
            ) : (
              <>
                <RankingTable data={data} chosen={search.supplier} />
                <PolicyNotes policies={data.policies} />
              </>
            )
          }
        </Answered>
      </Tile>
      {search.supplier === undefined ? null : (
        <SupplierDetail
          key={search.supplier}
          supplier={search.supplier}
          list={query.data}
          period={period}
          zone={zone}
        />
      )}
      {search.event === undefined ? null : (
        <Suspense>
          <RawMessage event={search.event} />
        </Suspense>
      )}
    </>
  );
}

function PeriodText({ data, zone }: { data: SupplierList; zone: string }) {
  const t = useTranslations("suppliers");
  const format = useFormats(zone);
  const { period } = data;
  if (period == null) return null;
  const computed = data.items
    .flatMap(({ kpis }) => (kpis?.computed_at ? [Date.parse(kpis.computed_at)] : []))
    .reduce((latest, at) => Math.max(latest, at), 0);
  return (
    <span className="second">
      {format.day(period.start)} – {format.day(Date.parse(period.end) - 1)} (
      {format.zone(period.end)})
      {computed === 0 ? "" : ` · ${t("asOf", { time: format.time(computed, true) })}`}
    </span>
  );
}

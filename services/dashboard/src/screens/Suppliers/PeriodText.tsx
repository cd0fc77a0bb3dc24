/** The period that the rates are of, and when they were computed. */
import { useTranslations } from "use-intl";
import type { SupplierList } from "../../api/suppliers";
import { useFormats } from "../../shared/useFormats";

export function PeriodText({ data, zone }: { data: SupplierList; zone: string }) {
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

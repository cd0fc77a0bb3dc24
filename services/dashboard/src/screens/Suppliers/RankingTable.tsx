/** Suppliers by rank; those with too few lines stand greyed below the line. */
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import type { Supplier, SupplierList } from "../../api/suppliers";
import { Sparkline } from "../../shared/charts/Sparkline";
import { ScrollBox } from "../../shared/ScrollBox";
import { useFormats } from "../../shared/useFormats";
import { AgeBars } from "./AgeBars";
import styles from "./SuppliersScreen.module.css";

interface Props {
  data: SupplierList;
  chosen: string | undefined;
}

const NUMBERS = ["otif", "lines"] as const;
const RATES = ["onTime", "inFull", "median", "severity", "overdue"] as const;
const COLUMNS = 2 + NUMBERS.length + 1 + RATES.length + 2;

export function RankingTable({ data, chosen }: Props) {
  const t = useTranslations("suppliers");
  const ranked = data.items.filter(({ kpis }) => typeof kpis?.rank === "number");
  const others = data.items.filter((one) => !ranked.includes(one));
  return (
    <ScrollBox label={t("ranking")}>
      <table aria-label={t("ranking")}>
        <thead>
          <tr>
            <th scope="col" className="number">
              {t("rank")}
            </th>
            <th scope="col">{t("supplier")}</th>
            {NUMBERS.map((name) => (
              <th key={name} scope="col" className="number">
                {t(name)}
              </th>
            ))}
            <th scope="col">{t("trend")}</th>
            {RATES.map((name) => (
              <th key={name} scope="col" className="number">
                {t(name)}
              </th>
            ))}
            <th scope="col">{t("open")}</th>
            <th scope="col">{t("policy")}</th>
          </tr>
        </thead>
        <tbody>
          {ranked.map((supplier) => (
            <Row key={supplier.key} supplier={supplier} isChosen={supplier.key === chosen} />
          ))}
        </tbody>
        {others.length === 0 ? null : (
          <tbody className={styles.few}>
            <tr>
              <th scope="rowgroup" colSpan={COLUMNS} className={styles.line}>
                {t("fewLines", { count: data.ranked_lines_min ?? 0 })}
              </th>
            </tr>
            {others.map((supplier) => (
              <Row key={supplier.key} supplier={supplier} isChosen={supplier.key === chosen} />
            ))}
          </tbody>
        )}
      </table>
    </ScrollBox>
  );
}

function Row({ supplier, isChosen }: { supplier: Supplier; isChosen: boolean }) {
  const t = useTranslations("suppliers");
  const format = useFormats();
  const { key, name, kpis = null } = supplier;
  const last = kpis?.weeks.otif.at(-1) ?? null;
  return (
    <tr className={isChosen ? styles.chosen : undefined}>
      <td className="number">{kpis?.rank ?? "–"}</td>
      <th scope="row" className={styles.name}>
        <Link
          to="."
          search={(before) => ({ ...before, supplier: key, event: undefined })}
          resetScroll={false}
          aria-current={isChosen ? "true" : undefined}
        >
          {name}
        </Link>
      </th>
      <td className={`number ${styles.main}`} title={kpis?.reason ?? undefined}>
        {format.share(kpis?.otif)}
      </td>
      <td className="number">{format.number(kpis?.lines_due)}</td>
      <td>
        {kpis === null ? null : (
          <Sparkline
            values={kpis.weeks.otif}
            label={t("trendOf", { name, last: format.share(last) })}
          />
        )}
      </td>
      <td className="number">{format.share(kpis?.on_time)}</td>
      <td className="number">{format.share(kpis?.in_full)}</td>
      <td className="number">{format.duration(kpis?.median_delay_s)}</td>
      <td className="number">{format.duration(kpis?.delay_severity_s)}</td>
      <td className="number">{format.number(supplier.overdue_lines)}</td>
      <td>{kpis === null ? null : <AgeBars name={name} ages={kpis.open_by_age} />}</td>
      <td className={styles.policy}>{kpis?.policies.join(", ")}</td>
    </tr>
  );
}

/** A supplier: its rates and policy, open lines by age, call-offs, shipments, findings. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { openFindings } from "../../api/findings";
import { plants } from "../../api/plants";
import {
  dueLines,
  dueLinesAddress,
  openShipments,
  rankedAddress,
  type Supplier,
  type SupplierList,
} from "../../api/suppliers";
import { Answered } from "../../shared/Answered";
import { ChartTile } from "../../shared/ChartTile";
import { Cut } from "../../shared/Cut";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import { AGES } from "./AgeBars";
import { DueLineTable } from "./DueLineTable";
import { Findings } from "./Findings";
import { zoneOfSite } from "./lines";
import { PeriodText } from "./PeriodText";
import { PolicyNotes } from "./PolicyNotes";
import { ShipmentTable } from "./ShipmentTable";
import styles from "./SuppliersScreen.module.css";

const FINDINGS = 200;

interface Props {
  supplier: string;
  list: SupplierList | undefined;
  period: { start: string; end?: string };
  zone: string;
}

export function SupplierDetail({ supplier, list, period, zone }: Props) {
  const t = useTranslations("suppliers");
  const lines = useQuery(dueLines(supplier, period));
  const shipments = useQuery(openShipments(supplier));
  const findings = useQuery(openFindings(FINDINGS, supplier));
  const known = useQuery(plants).data?.items ?? [];
  const ofSite = (site: string | null) => zoneOfSite(known, site, zone);
  const row = list?.items.find(({ key }) => key === supplier);
  return (
    <>
      {list === undefined || row === undefined ? null : (
        <Rates supplier={row} {...{ list, period, zone }} />
      )}
      <Tile
        title={t("callOffs")}
        extra={
          <a href={dueLinesAddress(supplier, period)} download>
            CSV
          </a>
        }
      >
        <Answered query={lines}>
          {({ items, next_cursor }) => (
            <>
              <DueLineTable lines={items} zoneOfSite={ofSite} />
              <Cut shown={items.length} isCut={next_cursor !== null} />
            </>
          )}
        </Answered>
      </Tile>
      <div className={styles.pair}>
        <Tile title={t("shipments")}>
          <Answered query={shipments}>
            {({ items, next_cursor }) => (
              <>
                <ShipmentTable shipments={items} zoneOfSite={ofSite} />
                <Cut shown={items.length} isCut={next_cursor !== null} />
              </>
            )}
          </Answered>
        </Tile>
        <Tile title={t("findings")}>
          <Answered query={findings}>
            {({ items, next_cursor }) => (
              <>
                <Findings findings={items} zone={zone} />
                <Cut shown={items.length} isCut={next_cursor !== null} />
              </>
            )}
          </Answered>
        </Tile>
      </div>
    </>
  );
}

interface RatesProps {
  supplier: Supplier;
  list: SupplierList;
  period: Props["period"];
  zone: string;
}

function Rates({ supplier, list, period, zone }: RatesProps) {
  const t = useTranslations("suppliers");
  const format = useFormats();
  const { kpis = null, name } = supplier;
  const close = (
    <Link to="." search={(before) => ({ ...before, supplier: undefined, event: undefined })}>
      {t("close")}
    </Link>
  );
  if (kpis === null)
    return (
      <Tile title={name} extra={close}>
        {null}
      </Tile>
    );
  return (
    <div className={styles.pair}>
      <Tile title={t("chosen", { name })} extra={close}>
        <div className={styles.facts}>
          <p className="headline">{format.share(kpis.otif)}</p>
          <PeriodText data={list} zone={zone} />
          {kpis.reason === null ? null : <p className="second">{kpis.reason}</p>}
          <p>
            {t("ratesHint", {
              lines: format.number(kpis.lines_due),
              onTime: format.share(kpis.on_time),
              inFull: format.share(kpis.in_full),
              median: format.duration(kpis.median_delay_s),
            })}
          </p>
          <p>{t("asn", { share: format.share(kpis.asn_accuracy) })}</p>
          <p>{t("stability", { share: format.share(kpis.call_off_stability) })}</p>
          {kpis.coverage === null || kpis.coverage >= 0.95 ? null : (
            <p>{t("coverage", { share: format.share(kpis.coverage) })}</p>
          )}
          <PolicyNotes policies={list.policies} keys={kpis.policies} />
        </div>
      </Tile>
      <ChartTile
        title={t("openAges")}
        csv={rankedAddress(period)}
        chart={<Ages ages={kpis.open_by_age} hasBars />}
        table={<Ages ages={kpis.open_by_age} />}
      />
    </div>
  );
}

interface AgesProps {
  ages: NonNullable<Supplier["kpis"]>["open_by_age"];
  hasBars?: boolean;
}

function Ages({ ages, hasBars = false }: AgesProps) {
  const t = useTranslations("suppliers");
  const format = useFormats();
  const most = Math.max(1, ...AGES.map((age) => ages[age]));
  return (
    <table className={styles.bars} aria-label={t("openAges")}>
      <tbody>
        {AGES.map((age) => (
          <tr key={age}>
            <th scope="row" className={styles.nowrap}>
              {t(`ages.${age}`)}
            </th>
            <td className="number">{format.number(ages[age])}</td>
            {hasBars ? (
              <td>
                <svg viewBox="0 0 100 16" preserveAspectRatio="none" aria-hidden="true">
                  <rect
                    className={age === "not_due" ? styles.notDue : styles.due}
                    width={(100 * ages[age]) / most}
                    height={16}
                  />
                </svg>
              </td>
            ) : null}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

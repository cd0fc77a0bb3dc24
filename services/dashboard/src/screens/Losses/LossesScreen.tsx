/** "Where do we lose most, and is it new?" */
import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslations } from "use-intl";
import { type LossRanking, losses, lossesAddress } from "../../api/losses";
import { plants, rootsOf, zoneOf } from "../../api/plants";
import { me } from "../../api/session";
import { Answered } from "../../shared/Answered";
import { ChartTile } from "../../shared/ChartTile";
import { Empty } from "../../shared/Empty";
import { PathLinks } from "../../shared/PathLinks";
import { PeriodPicker } from "../../shared/PeriodPicker";
import { ScreenHead } from "../../shared/ScreenHead";
import { useFormats } from "../../shared/useFormats";
import { usePeriod } from "../../shared/usePeriod";
import { LossChoices } from "./LossChoices";
import { LossSummary } from "./LossSummary";
import { LossTree } from "./LossTree";
import { SupplyTile } from "./SupplyTile";
import { GROUPINGS, isGrouping } from "./tree";
import { isUnit } from "./units";

const PERIODS = ["-24h", "-7d", "-28d"] as const;

export function LossesScreen() {
  const t = useTranslations("losses");
  const search = useSearch({ from: "/losses" });
  const who = useSuspenseQuery(me);
  const all = useSuspenseQuery(plants);
  const roots = useMemo(
    () => (search.under === undefined ? rootsOf(all.data.items, who.data.plants) : [search.under]),
    [search.under, all.data, who.data],
  );
  const by = search.by !== undefined && isGrouping(search.by) ? search.by : "plant";
  const order = search.sort === "change" ? "change" : "time";
  const unit = isUnit(search.unit) ? search.unit : "h";
  const period = usePeriod("-7d");
  const dimensions = GROUPINGS[by];
  const asked = { under: roots, groupBy: [dimensions[0]], ...period };
  const query = useQuery({
    ...losses(asked),
    enabled: roots.length > 0,
  });
  return (
    <>
      <ScreenHead title={t("title")}>
        {search.under === undefined ? null : <PathLinks path={search.under} />}
        {query.data === undefined ? null : <Spans data={query.data} />}
        <PeriodPicker
          zone={zoneOf(all.data.items, search.under ?? all.data.items[0]?.path ?? "")}
          choices={PERIODS}
          standard="-7d"
        />
      </ScreenHead>
      <LossChoices search={search} by={by} order={order} unit={unit} />
      <ChartTile
        title={t("where")}
        csv={roots.length === 0 ? undefined : lossesAddress(asked)}
        chart={
          <Answered query={query}>
            {(data) =>
              data.items.length === 0 ? (
                <Empty reason={t("none")} />
              ) : (
                <>
                  <LossSummary data={data} />
                  {unit === "cost" && data.items.every((row) => row.costs.length === 0) ? (
                    <Empty
                      reason={t("noRates")}
                      action={
                        <Link to="/settings/$" params={{ _splat: "supply" }}>
                          {t("toRates")}
                        </Link>
                      }
                    />
                  ) : null}
                  <LossTree
                    data={data}
                    roots={roots}
                    dimensions={dimensions}
                    period={period}
                    order={order}
                    unit={unit}
                  />
                  {unit === "cost" ? <p className="second">{t("costHint")}</p> : null}
                  {unit === "share" ? <p className="second">{t("sharesHint")}</p> : null}
                  {data.rest.rows > 0 ? (
                    <p className="second">{t("rest", { count: data.rest.rows })}</p>
                  ) : null}
                </>
              )
            }
          </Answered>
        }
      />
      {roots.length === 0 ? null : (
        <SupplyTile under={roots} period={period} plants={all.data.items} />
      )}
    </>
  );
}

function Spans({ data }: { data: LossRanking }) {
  const t = useTranslations("losses");
  const common = useTranslations("common");
  const format = useFormats(data.time_zone);
  const span = (one: { start: string; end: string }) => format.span(one.start, one.end);
  const parts = [
    span(data),
    ...(data.compared === null ? [] : [t("against", { span: span(data.compared) })]),
    ...(data.computed_at === null
      ? []
      : [common("asOf", { time: format.time(data.computed_at, true) })]),
    ...(data.provisional ? [common("provisional")] : []),
  ];
  return <span className="second">{parts.join(" · ")}</span>;
}

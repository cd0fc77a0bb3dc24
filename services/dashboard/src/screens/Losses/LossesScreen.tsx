/** "Where do we lose most, and is it new?" */
import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslations } from "use-intl";
import { type LossRanking, losses } from "../../api/losses";
import { plants, rootsOf } from "../../api/plants";
import { me } from "../../api/session";
import { Answered } from "../../shared/Answered";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import { LossChoices } from "./LossChoices";
import styles from "./LossesScreen.module.css";
import { LossSummary } from "./LossSummary";
import { LossTree } from "./LossTree";
import { GROUPINGS, isGrouping } from "./tree";

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
  const { start = "-7d", end } = search;
  const period = { start, ...(end === undefined ? {} : { end }) };
  const dimensions = GROUPINGS[by];
  const query = useQuery({
    ...losses({ under: roots, groupBy: [dimensions[0]], ...period }),
    enabled: roots.length > 0,
  });
  return (
    <>
      <div className={styles.head}>
        <h1>{t("title")}</h1>
        {search.under === undefined ? null : <span>{search.under.replaceAll("/", " / ")}</span>}
        {query.data === undefined ? null : <Spans data={query.data} />}
      </div>
      <LossChoices search={search} by={by} start={start} order={order} />
      <Tile title={t("where")}>
        <Answered query={query}>
          {(data) =>
            data.items.length === 0 ? (
              <p className="second">{t("none")}</p>
            ) : (
              <>
                <LossSummary data={data} />
                <LossTree
                  key={`${by} ${roots}`}
                  data={data}
                  roots={roots}
                  dimensions={dimensions}
                  period={period}
                  order={order}
                />
                <p className="second">{t("sharesHint")}</p>
                {data.rest.rows > 0 ? (
                  <p className="second">{t("rest", { count: data.rest.rows })}</p>
                ) : null}
              </>
            )
          }
        </Answered>
      </Tile>
    </>
  );
}

function Spans({ data }: { data: LossRanking }) {
  const t = useTranslations("losses");
  const common = useTranslations("common");
  const format = useFormats(data.time_zone);
  const span = (one: { start: string; end: string }) =>
    `${format.dayTime(one.start)} – ${format.dayTime(one.end)}`;
  const parts = [
    `${span(data)} (${format.zone(data.end)})`,
    ...(data.compared === null ? [] : [t("against", { span: span(data.compared) })]),
    ...(data.computed_at === null
      ? []
      : [common("asOf", { time: format.time(data.computed_at, true) })]),
    ...(data.provisional ? [common("provisional")] : []),
  ];
  return <span className="second">{parts.join(" · ")}</span>;
}

/** "Who will let us down, and who already does?" */
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useTranslations } from "use-intl";
import { rankedAddress, rankedSuppliers } from "../../api/suppliers";
import { Answered } from "../../shared/Answered";
import { Cut } from "../../shared/Cut";
import { Empty } from "../../shared/Empty";
import { PeriodPicker } from "../../shared/PeriodPicker";
import { ScreenHead } from "../../shared/ScreenHead";
import { Tile } from "../../shared/Tile";
import { usePeriod } from "../../shared/usePeriod";
import { PeriodText } from "./PeriodText";
import { PolicyNotes } from "./PolicyNotes";
import { RankingTable } from "./RankingTable";
import { SupplierDetail } from "./SupplierDetail";

const RawMessage = lazy(async () => ({
  default: (await import("../../shared/message/RawMessage")).RawMessage,
}));

export function SuppliersScreen() {
  const t = useTranslations("suppliers");
  const common = useTranslations("common");
  const search = useSearch({ from: "/suppliers" });
  const navigate = useNavigate();
  const period = usePeriod("-28d");
  const query = useQuery(rankedSuppliers(period));
  const zone = query.data?.period?.time_zone ?? "UTC";
  return (
    <>
      <ScreenHead title={t("title")}>
        {query.data === undefined ? null : <PeriodText data={query.data} zone={zone} />}
      </ScreenHead>
      <PeriodPicker zone={zone} choices={["-28d", "-7d"]} />
      <Tile
        title={t("ranking")}
        extra={
          <a href={rankedAddress(period)} download>
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
                <Cut what="first" shown={data.items.length} isCut={data.next_cursor !== null} />
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
          <RawMessage
            event={search.event}
            zone={zone}
            onClose={() =>
              void navigate({
                to: ".",
                search: (before) => ({ ...before, event: undefined }),
                resetScroll: false,
              })
            }
          />
        </Suspense>
      )}
    </>
  );
}

/** "What did these signals do when that happened?" */
import { Button } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { plants, zoneOf } from "../../api/plants";
import { Answered } from "../../shared/Answered";
import { Empty } from "../../shared/Empty";
import { PeriodPicker } from "../../shared/PeriodPicker";
import { ScreenHead } from "../../shared/ScreenHead";
import { usePeriod } from "../../shared/usePeriod";
import { chosenOf, SIGNALS_MAX, textOf } from "./address";
import { SignalPicker } from "./SignalPicker";
import { TrendTiles } from "./TrendTiles";
import { useCurves } from "./useCurves";

const PERIODS = ["-24h", "shift:current", "shift:previous", "-7d", "-28d"] as const;
const POINTS_STEP = 100; // a window that is dragged wider does not ask anew for each pixel

export function TrendsScreen() {
  const t = useTranslations("trends");
  const search = useSearch({ from: "/trends" });
  const navigate = useNavigate({ from: "/trends" });
  const { ids, dropped } = useMemo(() => chosenOf(search.signal), [search.signal]);
  const period = usePeriod("-24h");
  const [isPicking, setPicking] = useState(false);
  const [width, setWidth] = useState(0);
  const points = Math.ceil(width / POINTS_STEP) * POINTS_STEP;
  const trend = useCurves(ids, period, points);
  const all = useSuspenseQuery(plants);
  const machine = trend.signals.find(({ equipment }) => equipment !== null)?.equipment;
  const zone = zoneOf(all.data.items, machine ?? search.under ?? "");
  const missing = ids.filter((id) => trend.known.data?.every((signal) => signal.id !== id));

  function choose(chosen: readonly number[]) {
    void navigate({ search: (before) => ({ ...before, signal: textOf(chosen) }), replace: true });
  }

  const pick = <Button onClick={() => setPicking(true)}>{t("choose")}</Button>;
  return (
    <>
      <ScreenHead title={t("title")}>
        {pick}
        <PeriodPicker zone={zone} choices={PERIODS} equipment={machine ?? undefined} />
      </ScreenHead>
      {dropped > 0 ? (
        <p role="status">{t("dropped", { count: dropped, max: SIGNALS_MAX })}</p>
      ) : null}
      {missing.length > 0 ? (
        <p role="status">{t("missing", { count: missing.length, ids: missing.join(", ") })}</p>
      ) : null}
      {ids.length === 0 ? (
        <Empty reason={t("nothingChosen")} action={pick} />
      ) : (
        <Answered query={trend.known}>
          {() => (
            <TrendTiles
              ids={ids}
              period={period}
              points={points}
              zone={zone}
              trend={trend}
              onWidth={setWidth}
              onChoose={choose}
            />
          )}
        </Answered>
      )}
      {isPicking ? (
        <SignalPicker
          ids={ids}
          under={search.under}
          onChange={choose}
          onClose={() => setPicking(false)}
        />
      ) : null}
    </>
  );
}

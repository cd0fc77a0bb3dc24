/** The states of a machine, or of the machines of a line, as bands or as a table. */
import { Button } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslations } from "use-intl";
import { FILE_ROWS, type Period, type States, statesAddress } from "../../api/equipment";
import { Answered } from "../../shared/Answered";
import { ChartTile } from "../../shared/ChartTile";
import { Cut } from "../../shared/Cut";
import { StateLegend } from "../../shared/charts/StateLegend";
import { StatePatterns } from "../../shared/charts/StatePatterns";
import { StateTable } from "../../shared/charts/StateTable";
import { steppedSpan, zoomOf, zoomSearch } from "../../shared/charts/StateZoom";
import { nowOf, type Span } from "../../shared/charts/timeline";
import { useShortcut } from "../../shared/keyboard";
import { useFormats } from "../../shared/useFormats";
import { Lanes } from "./Lanes";
import styles from "./StatesTile.module.css";
import type { Selection } from "./stops/useSelection";

interface Props {
  path: string;
  period: Period;
  zone: string;
  query: UseQueryResult<States, Error>;
  machines: readonly string[];
  selection: Selection;
}

export function StatesTile({ path, period, zone, query, machines, selection }: Props) {
  const t = useTranslations("machine");
  const isCut = (query.data?.items.length ?? 0) > FILE_ROWS;
  return (
    <ChartTile
      title={t("states")}
      csv={statesAddress(path, period, "csv")}
      csvLabel={isCut ? t("csvCut", { rows: FILE_ROWS }) : undefined}
      chart={
        <Answered query={query}>
          {(data) =>
            data.items.length === 0 && machines.length === 0 ? (
              <p className="second">{t("noStates")}</p>
            ) : (
              <Drawn
                path={path}
                zone={zone}
                data={data}
                updatedMs={query.dataUpdatedAt}
                machines={machines}
                selection={selection}
              />
            )
          }
        </Answered>
      }
      table={
        <Answered query={query}>
          {({ items, start, end }) => (
            <StateTable
              pieces={items}
              path={path}
              span={{ startMs: Date.parse(start), endMs: Date.parse(end) }}
              zone={zone}
            />
          )}
        </Answered>
      }
    >
      <Cut shown={query.data?.items.length ?? 0} isCut={query.data?.isCut ?? false} what="first" />
    </ChartTile>
  );
}

interface DrawnProps {
  path: string;
  zone: string;
  data: States;
  updatedMs: number;
  machines: readonly string[];
  selection: Selection;
}

function Drawn({ path, zone, data, updatedMs, machines, selection }: DrawnProps) {
  const t = useTranslations("machine");
  const format = useFormats(zone);
  const { whole, shown, show, step } = useZoom(data, zone);
  return (
    <>
      <StatePatterns />
      <div className={styles.zoom}>
        <Button variant="default" aria-label={t("zoomIn")} onClick={() => step(1, undefined)}>
          +
        </Button>
        <Button variant="default" aria-label={t("zoomOut")} onClick={() => step(-1, undefined)}>
          −
        </Button>
        {shown === whole ? (
          <span className="second">{t("zoomHint")}</span>
        ) : (
          <>
            <span>{`${format.timeIn(whole, shown.startMs, true)}–${format.timeIn(whole, shown.endMs, true)}`}</span>
            <Button variant="subtle" onClick={() => show(whole)}>
              {t("zoomWhole")}
            </Button>
          </>
        )}
      </div>
      <Lanes
        path={path}
        pieces={data.items}
        machines={machines}
        span={shown}
        nowMs={nowOf(data.items, updatedMs)}
        zone={zone}
        selection={selection}
        onZoom={show}
        onStep={step}
      />
      <StateLegend pieces={data.items} />
    </>
  );
}

/** The part of the period that is shown, as `from` and `to` of the address. */
function useZoom(data: States, zone: string) {
  const t = useTranslations("machine");
  const { from, to } = useSearch({ from: "/machine/$" });
  const navigate = useNavigate({ from: "/machine/$" });
  const whole = useMemo(
    () => ({ startMs: Date.parse(data.start), endMs: Date.parse(data.end) }),
    [data.start, data.end],
  );
  const shown = useMemo(() => zoomOf(whole, from, to), [whole, from, to]);

  function show(part: Span) {
    const search = zoomSearch(whole, part, zone);
    void navigate({ search: (before) => ({ ...before, ...search }), resetScroll: false });
  }
  function step(direction: 1 | -1, aroundMs: number | undefined) {
    show(steppedSpan(whole, shown, direction, aroundMs));
  }
  useShortcut("+", () => step(1, undefined), { label: t("zoomIn") });
  useShortcut("-", () => step(-1, undefined), { label: t("zoomOut") });
  return { whole, shown, show, step };
}

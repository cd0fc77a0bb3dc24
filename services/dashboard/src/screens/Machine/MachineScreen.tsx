/** A line or machine: what happened in the shift, what cost most, and what people say about it. */
import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslations } from "use-intl";
import { type States, states } from "../../api/equipment";
import { overview } from "../../api/overview";
import { plants } from "../../api/plants";
import { stopsOf } from "../../api/stops";
import { Answered } from "../../shared/Answered";
import { nameOf } from "../../shared/format";
import { PeriodPicker } from "../../shared/PeriodPicker";
import { Refused } from "../../shared/Refused";
import { ScreenHead } from "../../shared/ScreenHead";
import { Tile } from "../../shared/Tile";
import { usePeriod } from "../../shared/usePeriod";
import { CountsTile } from "./CountsTile";
import { Kiosk } from "./Kiosk";
import { LossWaterfall } from "./LossWaterfall";
import styles from "./MachineScreen.module.css";
import { NotesTile } from "./NotesTile";
import { OeeTile } from "./OeeTile";
import { ParetoTile } from "./ParetoTile";
import { PeriodText } from "./PeriodText";
import { SignalsTile } from "./SignalsTile";
import { StatesTile } from "./StatesTile";
import { SupplyChain } from "./SupplyChain";
import { StopPanel } from "./stops/StopPanel";
import { StopTable } from "./stops/StopTable";
import { useSelection } from "./stops/useSelection";
import { WormTile } from "./WormTile";

const PERIODS = ["shift:current", "shift:previous", "-24h", "-7d"] as const;
const WAITS = ["starved", "suspended"];

export function MachineScreen() {
  const t = useTranslations("machine");
  const { _splat: path = "" } = useParams({ from: "/machine/$" });
  const { kiosk } = useSearch({ from: "/machine/$" });
  const period = usePeriod("shift:current");
  const answer = useQuery(states(path, period));
  // A machine has states of its own, a line those of its machines; no state: it is not known.
  const isLine = answer.data?.items.some(({ equipment }) => equipment !== path) ?? false;
  const line = useQuery({ ...overview(path, "machine"), enabled: isLine });
  const machines = useMemo(
    () => (isLine ? (line.data?.items ?? []).map(({ equipment }) => equipment) : []),
    [isLine, line.data],
  );
  const known = useSuspenseQuery(plants);
  const plant = known.data.items.find((one) => path.startsWith(`${one.path}/`));
  const zone = plant?.time_zone ?? "UTC";
  const stops = useQuery(stopsOf(path, period));
  const selection = useSelection(stops.data?.items ?? []);
  const common = { path, period, zone };
  const head = (
    <ScreenHead title={nameOf(path)}>
      {plant === undefined ? null : (
        <Link to="/plant/$" params={{ _splat: plant.path }}>
          {path.slice(0, path.lastIndexOf("/")).replaceAll("/", " / ")}
        </Link>
      )}
      {answer.data === undefined ? null : <PeriodText answer={answer.data} zone={zone} />}
      {kiosk === "1" ? null : (
        <Link
          className={styles.report ?? ""}
          to="/report/$"
          params={{ _splat: path }}
          search={{ start: period.start, end: period.end }}
        >
          {t("report")}
        </Link>
      )}
      {kiosk === "1" ? null : <PeriodPicker zone={zone} choices={PERIODS} equipment={path} />}
    </ScreenHead>
  );
  if (kiosk === "1") {
    return (
      <>
        {head}
        <Refused queries={[line]} />
        <Answered query={answer}>
          {(data) => (
            <Kiosk {...common} data={data} updatedMs={answer.dataUpdatedAt} machines={machines} />
          )}
        </Answered>
      </>
    );
  }
  const chosen = selection.stops.length === 1 ? selection.stops[0] : undefined;
  const plantPath = plant?.path ?? path;
  return (
    <>
      {head}
      <Refused queries={[line, stops]} />
      <StatesTile {...common} query={answer} machines={machines} selection={selection} />
      <StopPanel plant={plantPath} path={path} zone={zone} selection={selection} />
      {chosen !== undefined && WAITS.includes(chosen.state) ? (
        <Tile title={t("chain.title")}>
          <SupplyChain
            path={chosen.equipment}
            start={chosen.start}
            end={chosen.end ?? answer.data?.end ?? chosen.start}
            zone={zone}
          />
        </Tile>
      ) : null}
      <div className={styles.tools}>
        <StopTable {...common} isLine={isLine} selection={selection} />
      </div>
      <div className={styles.row}>
        <OeeTile {...common} />
        <LossWaterfall {...common} />
      </div>
      {isLine ? null : <WormTile {...common} />}
      <ParetoTile {...common} plant={plantPath} />
      <div className={styles.tools}>
        <div className={styles.pair}>
          <SignalsTile path={path} zone={zone} isLine={isLine} />
          {isLine ? null : <CountsTile {...common} plant={plantPath} endMs={endOf(answer.data)} />}
          <NotesTile {...common} noteStart={noteStartOf(answer.data)} />
        </div>
      </div>
    </>
  );
}

function endOf(data: States | undefined): number {
  return data === undefined ? Date.now() : Date.parse(data.end);
}

/** A note about a period of the past stands at its end; else it is of now. */
function noteStartOf(data: States | undefined): string | undefined {
  const endMs = endOf(data);
  return endMs < Date.now() - 60_000 ? new Date(endMs - 1000).toISOString() : undefined;
}

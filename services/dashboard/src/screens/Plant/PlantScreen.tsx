/** "Which line holds us back now?" */
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { type OverviewItem, overview } from "../../api/overview";
import { Answered } from "../../shared/Answered";
import { Empty } from "../../shared/Empty";
import { nameOf } from "../../shared/format";
import { useIsKiosk } from "../../shared/kiosk";
import { PathLinks } from "../../shared/PathLinks";
import { Refused } from "../../shared/Refused";
import { byNeed } from "../../shared/ranking";
import { ScreenHead } from "../../shared/ScreenHead";
import { SilentConnectors } from "../../shared/SilentConnectors";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import { HoursTile } from "./HoursTile";
import { LineTable } from "./LineTable";
import { OpenStopsTile } from "./OpenStopsTile";
import styles from "./PlantScreen.module.css";
import { TimesTile } from "./TimesTile";

export function PlantScreen() {
  const t = useTranslations("plant");
  const { _splat: path = "" } = useParams({ from: "/plant/$" });
  const isKiosk = useIsKiosk();
  const answer = useQuery(overview(path, "line"));
  const machines = useQuery(overview(path, "machine"));
  const lines = answer.data?.items.toSorted(byNeed) ?? [];
  const plant = answer.data?.under;
  return (
    <>
      <ScreenHead title={nameOf(path)}>
        <PathLinks path={path} />
        {plant === undefined ? null : <ShiftText plant={plant} />}
        {isKiosk ? null : (
          <Link className={styles.losses} to="/losses" search={{ under: path, by: "line" }}>
            {t("losses")}
          </Link>
        )}
      </ScreenHead>
      <SilentConnectors names={plant?.silent_connectors ?? []} />
      <Tile title={t("lines")}>
        <Refused queries={[machines]} />
        <Answered query={answer}>
          {() =>
            lines.length === 0 ? (
              <Empty reason={t("none")} />
            ) : (
              <LineTable lines={lines} machines={machines.data?.items ?? []} />
            )
          }
        </Answered>
      </Tile>
      {plant === undefined || lines.length === 0 || isKiosk ? null : (
        <>
          <HoursTile lines={lines} zone={plant.time_zone} />
          <div className={styles.pair}>
            <OpenStopsTile under={path} zone={plant.time_zone} />
            <TimesTile plant={plant} lines={lines} />
          </div>
        </>
      )}
    </>
  );
}

function ShiftText({ plant }: { plant: OverviewItem }) {
  const t = useTranslations("plant");
  const common = useTranslations("common");
  const format = useFormats(plant.time_zone);
  const { shift, computed_at: computed } = plant;
  const shown = plant.now ?? plant.week;
  const zone = format.zone(shown.end);
  const parts = [
    plant.now === null || shift === null
      ? t("noShift", { zone })
      : t("shift", {
          name: shift.name,
          start: format.dayTime(shift.start),
          end: format.time(shift.end),
          zone,
        }),
    ...(computed === null ? [] : [common("asOf", { time: format.time(computed, true) })]),
    ...(shown.provisional ? [common("provisional")] : []),
  ];
  return <span className="second">{parts.join(" · ")}</span>;
}

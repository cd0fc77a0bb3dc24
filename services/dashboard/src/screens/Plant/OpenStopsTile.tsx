/** What stands in the plant now, the longest stop first. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { openStops, type Stop } from "../../api/stops";
import { Answered } from "../../shared/Answered";
import { StateMark } from "../../shared/charts/StateMark";
import { NO_VALUE, nameOf } from "../../shared/format";
import { ScrollBox } from "../../shared/ScrollBox";
import { machineState } from "../../shared/states";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import { useReasonName } from "../../shared/useReasonName";
import styles from "./PlantScreen.module.css";

const SHOWN = 20;

interface Props {
  under: string;
  zone: string;
}

export function OpenStopsTile({ under, zone }: Props) {
  const t = useTranslations("plant");
  const query = useQuery(openStops(under, SHOWN));
  return (
    <Tile title={t("openStops")}>
      <Answered query={query}>
        {({ items, totals }) =>
          items.length === 0 ? (
            <p className="second">{t("noOpenStops")}</p>
          ) : (
            <>
              <ScrollBox label={t("openStops")}>
                <table>
                  <thead>
                    <tr>
                      <th scope="col">{t("machine")}</th>
                      <th scope="col">{t("state")}</th>
                      <th scope="col">{t("since")}</th>
                      <th scope="col" className="number">
                        {t("lasts")}
                      </th>
                      <th scope="col">{t("cause")}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {items.map((stop) => (
                      <StopRow key={stop.id} stop={stop} zone={zone} />
                    ))}
                  </tbody>
                </table>
              </ScrollBox>
              {totals != null && totals.open > items.length ? (
                <p className="second">{t("moreStops", { count: totals.open - items.length })}</p>
              ) : null}
            </>
          )
        }
      </Answered>
    </Tile>
  );
}

function StopRow({ stop, zone }: { stop: Stop; zone: string }) {
  const t = useTranslations("plant");
  const states = useTranslations("states");
  const reasonName = useReasonName();
  const format = useFormats(zone);
  const code = stop.code === null ? NO_VALUE : t("machineCode", { code: stop.code });
  return (
    <tr>
      <th scope="row">
        <Link to="/machine/$" params={{ _splat: stop.equipment }}>
          {nameOf(stop.equipment)}
        </Link>
      </th>
      <td className={styles.state}>
        <StateMark state={stop.state} /> {states(machineState(stop.state))}
      </td>
      <td className={styles.state} title={format.dayTime(stop.start)}>
        {format.time(stop.start)}
      </td>
      <td className="number">{format.duration(stop.duration_s)}</td>
      <td>{reasonName(stop) ?? code}</td>
    </tr>
  );
}

/** The five longest stops, short stops as one row, and what has no reason yet. */
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import type { ShiftReport } from "../../api/reports";
import { useLanguage } from "../../i18n/LanguageProvider";
import { StateMark } from "../../shared/charts/StateMark";
import { nameOf } from "../../shared/format";
import { ScrollBox } from "../../shared/ScrollBox";
import { machineState } from "../../shared/states";
import { useFormats } from "../../shared/useFormats";

export function StopsTable({ report }: { report: ShiftReport }) {
  const t = useTranslations("report");
  const states = useTranslations("states");
  const { language } = useLanguage();
  const format = useFormats(report.time_zone);
  const { start, end, top_stops, minor_stops, stops } = report;
  if (stops + minor_stops.count === 0) return <p className="second">{t("noStops")}</p>;
  return (
    <>
      <ScrollBox label={t("stops")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t("at")}</th>
              <th scope="col">{t("machine")}</th>
              <th scope="col">{t("reason")}</th>
              <th scope="col" className="number">
                {t("inShift")}
              </th>
            </tr>
          </thead>
          <tbody>
            {top_stops.map((stop) => (
              <tr key={stop.id}>
                <td>{format.time(stop.start)}</td>
                <td>
                  <Link
                    to="/machine/$"
                    params={{ _splat: stop.equipment }}
                    search={{ start, end, stop: stop.id }}
                  >
                    {nameOf(stop.equipment)}
                  </Link>
                </td>
                <td>
                  <StateMark state={stop.state} />{" "}
                  {(language === "de" ? stop.reason_de : stop.reason_en) ??
                    stop.reason ??
                    `${states(machineState(stop.state))}, ${t("untagged")}`}
                  {stop.comment === null ? null : ` · ${stop.comment}`}
                </td>
                <td className="number">{format.duration(stop.in_span_s)}</td>
              </tr>
            ))}
            {minor_stops.count === 0 ? null : (
              <tr>
                <td>{`${minor_stops.count} ×`}</td>
                <td />
                <td>{t("short")}</td>
                <td className="number">{format.duration(minor_stops.lost_s)}</td>
              </tr>
            )}
          </tbody>
        </table>
      </ScrollBox>
      <p className="second">
        {t("lostSum", {
          count: stops,
          lost: format.duration(report.lost_s),
          untagged: format.duration(report.untagged_s),
          share: format.share(report.untagged_share),
        })}
      </p>
    </>
  );
}

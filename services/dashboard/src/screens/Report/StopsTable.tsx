/** The five longest stops, short stops as one row, and what has no reason yet. */
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import type { ShiftReport } from "../../api/reports";
import { StateMark } from "../../shared/charts/StateMark";
import { nameOf } from "../../shared/format";
import { ScrollBox } from "../../shared/ScrollBox";
import { machineState } from "../../shared/states";
import { useFormats } from "../../shared/useFormats";
import { useReasonName } from "../../shared/useReasonName";

export function StopsTable({ report }: { report: ShiftReport }) {
  const t = useTranslations("report");
  const states = useTranslations("states");
  const reasonName = useReasonName();
  const format = useFormats(report.time_zone);
  const { start, end, top_stops, minor_stops, stops } = report;
  const span = { startMs: Date.parse(start), endMs: Date.parse(end) };
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
                <td>{format.timeIn(span, stop.start)}</td>
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
                  {reasonName(stop) ?? `${states(machineState(stop.state))}, ${t("untagged")}`}
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

/** Good parts so far against the pace of the orders, flat in breaks. */
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { countsAddress, countsOf, type Period, states } from "../../api/equipment";
import { shiftReport } from "../../api/reports";
import { Answered } from "../../shared/Answered";
import { ChartTile } from "../../shared/ChartTile";
import { Empty } from "../../shared/Empty";
import { Refused } from "../../shared/Refused";
import { ScrollBox } from "../../shared/ScrollBox";
import { useFormats } from "../../shared/useFormats";
import { WormChart } from "./WormChart";
import { actualOf, breaksOf, paceOf, valueAt } from "./worm";

const STEP = "5m";

interface Props {
  path: string;
  period: Period;
  zone: string;
}

export function WormTile({ path, period, zone }: Props) {
  const t = useTranslations("machine.worm");
  const format = useFormats(zone);
  const query = useQuery(countsOf(path, period, STEP));
  const report = useQuery(shiftReport(path, period));
  const pieces = useQuery(states(path, period));
  const steps = query.data?.items ?? [];
  const breaks = breaksOf(pieces.data?.items ?? []);
  const nowMs = report.data === undefined ? query.dataUpdatedAt : Date.parse(report.data.as_of);
  const actual = actualOf(steps, nowMs);
  const pace = paceOf(report.data?.orders ?? [], breaks);
  const last = actual.at(-1);
  const span = {
    startMs: Date.parse(query.data?.start ?? ""),
    endMs: Date.parse(query.data?.end ?? ""),
  };
  const target = last === undefined ? undefined : valueAt(pace, last.atMs);
  return (
    <ChartTile
      title={t("title")}
      csv={countsAddress(path, period, STEP)}
      chart={
        <Answered query={query}>
          {() =>
            last === undefined ? (
              <Empty reason={t("noCounts")} />
            ) : (
              <>
                <p>
                  {target === undefined
                    ? t("alone", { actual: format.number(last.value) })
                    : t(last.value >= target ? "ahead" : "behind", {
                        actual: format.number(last.value),
                        pace: format.number(target),
                        difference: format.number(Math.abs(last.value - target)),
                      })}
                </p>
                <WormChart
                  span={span}
                  actual={actual}
                  pace={pace}
                  breaks={breaks}
                  zone={zone}
                  label={t("title")}
                />
                {pace.length === 0 && report.data !== undefined ? (
                  <p className="second">{t("noPace")}</p>
                ) : null}
              </>
            )
          }
        </Answered>
      }
      table={
        <ScrollBox label={t("title")} isLow>
          <table>
            <thead>
              <tr>
                <th scope="col">{t("until")}</th>
                <th scope="col" className="number">
                  {t("sum")}
                </th>
                <th scope="col" className="number">
                  {t("pace")}
                </th>
              </tr>
            </thead>
            <tbody>
              {actual.map(({ atMs, value }) => (
                <tr key={atMs}>
                  <td>{format.timeIn(span, atMs)}</td>
                  <td className="number">{format.number(value)}</td>
                  <td className="number">{format.number(valueAt(pace, atMs))}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollBox>
      }
    >
      <Refused queries={[report, pieces]} />
    </ChartTile>
  );
}

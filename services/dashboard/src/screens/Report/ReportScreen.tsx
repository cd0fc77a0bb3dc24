/** The shift report: one page about a shift, read, commented and signed by people, and printed. */
import { Button } from "@mantine/core";
import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { plants, zoneOf } from "../../api/plants";
import { shiftReport } from "../../api/reports";
import { Answered } from "../../shared/Answered";
import { nameOf } from "../../shared/format";
import { PeriodPicker } from "../../shared/PeriodPicker";
import { ScreenHead } from "../../shared/ScreenHead";
import { usePeriod } from "../../shared/usePeriod";
import { ReportPage } from "./ReportPage";
import styles from "./ReportScreen.module.css";

const PERIODS = ["shift:previous", "shift:current", "-24h"] as const;

export function ReportScreen() {
  const t = useTranslations("report");
  const { _splat: path = "" } = useParams({ from: "/report/$" });
  const period = usePeriod("shift:previous");
  const known = useSuspenseQuery(plants);
  const zone = zoneOf(known.data.items, path);
  const query = useQuery({ ...shiftReport(path, period), enabled: path !== "" });
  if (path === "") return <Choice paths={known.data.items.map((plant) => plant.path)} />;
  return (
    <>
      <ScreenHead title={`${t("title")} ${nameOf(path)}`}>
        <span className={styles.tools}>
          <PeriodPicker zone={zone} choices={PERIODS} equipment={path} />
          <Button onClick={() => window.print()}>{t("print")}</Button>
        </span>
      </ScreenHead>
      <Answered query={query}>{(report) => <ReportPage report={report} />}</Answered>
    </>
  );
}

/** Without an equipment in the address: the plants whose shifts are reported. */
function Choice({ paths }: { paths: readonly string[] }) {
  const t = useTranslations("report");
  return (
    <>
      <h1>{t("title")}</h1>
      <p>{t("choose")}</p>
      <ul>
        {paths.map((path) => (
          <li key={path}>
            <Link to="/report/$" params={{ _splat: path }} search={{}}>
              {nameOf(path)}
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}

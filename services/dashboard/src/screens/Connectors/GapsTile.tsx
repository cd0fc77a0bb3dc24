/** What was lost before the edge had it: the gaps of the last seven days. */
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { type Gap, gapsCsv, gapsOf } from "../../api/gaps";
import { Answered } from "../../shared/Answered";
import { ChartTile } from "../../shared/ChartTile";
import { Cut } from "../../shared/Cut";
import { ScrollBox } from "../../shared/ScrollBox";
import { useFormats } from "../../shared/useFormats";
import styles from "./Connectors.module.css";
import { barsOf, DAYS, type GapBar, marksOf, WIDTH } from "./gapBars";

const START = `-${DAYS}d`;
const HEIGHT = 40;

export function GapsTile({ name, zone }: { name: string; zone: string }) {
  const t = useTranslations("connectors");
  const query = useQuery(gapsOf(name, START));
  const nowMs = query.dataUpdatedAt;
  const shown = (draw: (bars: readonly GapBar[]) => React.ReactNode) => (
    <Answered query={query}>
      {({ items }) => {
        const bars = barsOf(items, nowMs);
        return bars.length === 0 ? <p className="second">{t("noGaps")}</p> : draw(bars);
      }}
    </Answered>
  );
  return (
    <ChartTile
      title={t("gapsTitle")}
      csv={gapsCsv(name, START)}
      chart={shown((bars) => <GapChart bars={bars} nowMs={nowMs} zone={zone} />)}
      table={shown((bars) => <GapTable bars={bars} zone={zone} />)}
    >
      <Cut shown={query.data?.items.length ?? 0} isCut={query.data?.next_cursor != null} />
    </ChartTile>
  );
}

interface ChartProps {
  bars: readonly GapBar[];
  nowMs: number;
  zone: string;
}

function GapChart({ bars, nowMs, zone }: ChartProps) {
  const t = useTranslations("connectors");
  const format = useFormats(zone);
  const open = bars.filter(({ gap }) => gap.end === null).length;
  return (
    <figure>
      <svg
        className={styles.gaps}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={t("gapsRead", { count: bars.length, open })}
      >
        <rect className={styles.track} width={WIDTH} height={HEIGHT} />
        {bars.map(({ gap, x, width }) => (
          <rect
            key={gap.gap_id}
            className={gap.backfilled ? styles.filled : styles.gap}
            x={x}
            y={gap.backfilled ? HEIGHT / 2 : 0}
            width={width}
            height={gap.backfilled ? HEIGHT / 2 : HEIGHT}
          >
            <title>{`${format.dayTime(gap.start)} · ${causeOf(t, gap.cause)}`}</title>
          </rect>
        ))}
      </svg>
      <div className={styles.axis} aria-hidden="true">
        {marksOf(nowMs).map(({ at }) => (
          <span key={at}>{format.day(at)}</span>
        ))}
      </div>
      <figcaption className="second">
        {t("gapsRead", { count: bars.length, open })} {t("gapsLegend")}
      </figcaption>
    </figure>
  );
}

function GapTable({ bars, zone }: { bars: readonly GapBar[]; zone: string }) {
  const t = useTranslations("connectors");
  return (
    <ScrollBox label={t("gapsTitle")}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("begin")}</th>
            <th scope="col" className="number">
              {t("lasts")}
            </th>
            <th scope="col">{t("cause")}</th>
            <th scope="col">{t("detail")}</th>
          </tr>
        </thead>
        <tbody>
          {bars.map((bar) => (
            <GapRow key={bar.gap.gap_id} gap={bar.gap} seconds={bar.seconds} zone={zone} />
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}

function GapRow({ gap, seconds, zone }: { gap: Gap; seconds: number; zone: string }) {
  const t = useTranslations("connectors");
  const format = useFormats(zone);
  const length = format.duration(seconds);
  return (
    <tr>
      <td>{format.dayTime(gap.start)}</td>
      <td className="number">{gap.end === null ? t("goesOn", { length }) : length}</td>
      <td>{causeOf(t, gap.cause)}</td>
      <td>
        {gap.detail}
        {gap.backfilled ? ` ${t("backfilled")}` : ""}
      </td>
    </tr>
  );
}

/** The word for a cause; a newer edge may have one that this page does not know. */
function causeOf(t: ReturnType<typeof useTranslations<"connectors">>, cause: string): string {
  const key = `causes.${cause}`;
  return t.has(key as never) ? t(key as never) : cause.replaceAll("_", " ");
}

/** Two lines over the time of a shift: parts made, and parts due; breaks as grey bands. */
import { useElementSize } from "@mantine/hooks";
import { useTranslations } from "use-intl";
import { Axis } from "../../shared/charts/StateAxis";
import type { Span } from "../../shared/charts/timeline";
import { useFormats } from "../../shared/useFormats";
import styles from "./WormChart.module.css";
import type { Point, TimeSpan } from "./worm";

const HEIGHT = 180;
const AXIS = 20;
const TOP = 12;

interface Props {
  span: Span;
  actual: readonly Point[];
  pace: readonly Point[];
  breaks: readonly TimeSpan[];
  zone: string;
  label: string;
}

export function WormChart({ span, actual, pace, breaks, zone, label }: Props) {
  const t = useTranslations("machine.worm");
  const format = useFormats(zone);
  const { ref, width } = useElementSize();
  const highest = Math.max(1, ...[...actual, ...pace].map(({ value }) => value));
  const x = (atMs: number) => ((atMs - span.startMs) * width) / (span.endMs - span.startMs);
  const y = (value: number) => TOP + (1 - value / highest) * (HEIGHT - TOP);
  const line = (points: readonly Point[]) =>
    points.map(({ atMs, value }) => `${x(atMs).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  return (
    <div ref={ref} className={styles.box}>
      <svg className={styles.chart} height={HEIGHT + AXIS} role="img" aria-label={label}>
        {breaks.map(({ start, end }) => (
          <rect
            key={start}
            className={styles.break}
            x={x(Date.parse(start))}
            width={Math.max(0, x(Date.parse(end)) - x(Date.parse(start)))}
            y={TOP}
            height={HEIGHT - TOP}
          />
        ))}
        <line className={styles.base} x1={0} x2={width} y1={HEIGHT} y2={HEIGHT} />
        <text className={styles.text} x={0} y={TOP - 2}>
          {format.number(highest)}
        </text>
        <polyline className={styles.pace} points={line(pace)} />
        <polyline className={styles.actual} points={line(actual)} />
        <Axis span={span} zone={zone} width={width} y={HEIGHT + AXIS - 4} />
      </svg>
      <ul className={styles.legend}>
        <li>
          <svg aria-hidden="true">
            <line className={styles.actual} x1={0} x2={24} y1={8} y2={8} />
          </svg>{" "}
          {t("actual")}
        </li>
        <li>
          <svg aria-hidden="true">
            <line className={styles.pace} x1={0} x2={24} y1={8} y2={8} />
          </svg>{" "}
          {t("pace")}
        </li>
      </ul>
    </div>
  );
}

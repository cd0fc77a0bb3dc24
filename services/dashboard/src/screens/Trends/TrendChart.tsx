/** The panes over each other with one time axis and one cursor, and the states below them. */
import { type KeyboardEvent, useMemo } from "react";
import { useTranslations } from "use-intl";
import type { Annotation } from "../../api/annotations";
import type { StatePiece } from "../../api/equipment";
import { StateLane } from "../../shared/charts/StateLane";
import { StateLegend } from "../../shared/charts/StateLegend";
import { StatePatterns } from "../../shared/charts/StatePatterns";
import { nowOf } from "../../shared/charts/timeline";
import { nameOf } from "../../shared/format";
import { useFormats } from "../../shared/useFormats";
import { halfAround, instantAfterKey } from "./keys";
import type { Pane } from "./panes";
import styles from "./TrendChart.module.css";
import { TrendPane } from "./TrendPane";
import type { TimeSpan, TrendCurve } from "./useCurves";

const HEIGHTS = [320, 220, 170, 150] as const; // of each pane, by their number

interface Props {
  panes: readonly Pane<TrendCurve>[];
  span: TimeSpan;
  zone: string;
  width: number;
  notes: readonly Annotation[];
  strips: readonly { path: string; pieces: readonly StatePiece[] }[];
  atMs: number | undefined;
  isByKey: boolean;
  onPoint: (atMs: number | undefined, isByKey: boolean) => void;
  onZoom: (startMs: number, endMs: number) => void;
  onZoomOut: () => void;
  onNote: () => void;
}

export function TrendChart(props: Props) {
  const { panes, span, zone, width, notes, strips, atMs, isByKey } = props;
  const { onPoint, onZoom, onZoomOut, onNote } = props;
  const t = useTranslations("trends");
  const format = useFormats(zone);
  const marks = useMemo(
    () =>
      notes.map(({ start, end }, n) => ({
        number: n + 1,
        startS: Date.parse(start) / 1000,
        endS: end === null ? undefined : Date.parse(end) / 1000,
      })),
    [notes],
  );

  function onKeyDown(event: KeyboardEvent) {
    const half = halfAround(span, atMs ?? (span.startMs + span.endMs) / 2);
    const next = instantAfterKey(event.key, atMs, span, event.shiftKey);
    if (next !== undefined) onPoint(next, true);
    else if (event.key === "+") onZoom(half.startMs, half.endMs);
    else if (event.key === "-") onZoomOut();
    else if (event.key === "Enter") onNote();
    else if (event.key === "Escape") onPoint(undefined, true);
    else return;
    event.preventDefault();
  }

  return (
    <div className={styles.all}>
      <div
        className={styles.chart}
        role="img"
        aria-label={t("chartLabel", {
          names: panes.flatMap(({ curves }) => curves.map(({ signal }) => signal.key)).join(", "),
          start: format.dayTime(span.startMs),
          end: format.dayTime(span.endMs),
        })}
        aria-describedby="trend-keys"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: one tab stop; arrows walk inside it
        tabIndex={0}
        onKeyDown={onKeyDown}
      >
        {panes.map((pane, n) => (
          <div key={pane.unit ?? ""} className={styles.pane}>
            <p className={styles.unit}>{pane.unit ?? t("noUnit")}</p>
            <TrendPane
              drawn={pane.curves}
              zone={zone}
              width={width}
              height={HEIGHTS[Math.min(panes.length, HEIGHTS.length) - 1] ?? 150}
              hasAxis={n === panes.length - 1}
              span={span}
              marks={marks}
              atMs={isByKey ? atMs : undefined}
              // The cursors go together: one pane reports for all.
              onPoint={(at) => n === 0 && onPoint(at, false)}
              onZoom={(start, end) => n === 0 && onZoom(start, end)}
              onZoomOut={onZoomOut}
            />
          </div>
        ))}
      </div>
      <StateStrips strips={strips} span={span} zone={zone} />
    </div>
  );
}

function StateStrips({ strips, span, zone }: Pick<Props, "strips" | "span" | "zone">) {
  const t = useTranslations("trends");
  const all = useMemo(() => strips.flatMap(({ pieces }) => pieces), [strips]);
  if (strips.length === 0) return null;
  return (
    <div className={styles.strips}>
      <StatePatterns />
      {strips.map(({ path, pieces }) => (
        <div key={path} className={styles.strip}>
          <span className={styles.machine} title={path}>
            {nameOf(path)}
          </span>
          <div className={styles.lane}>
            <StateLane
              pieces={pieces}
              span={span}
              nowMs={nowOf(pieces, span.endMs)}
              zone={zone}
              label={t("statesOf", { machine: nameOf(path) })}
              height={20}
              hasAxis={false}
            />
          </div>
        </div>
      ))}
      <div className={styles.legend}>
        <StateLegend pieces={all} />
      </div>
    </div>
  );
}

/** The projected stock of a part: a line with arrivals and demand as bars below it. */
import { type KeyboardEvent, useId, useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import type { StockProjection } from "../../api/warehouse";
import { useFormats } from "../../shared/useFormats";
import styles from "./ProjectionChart.module.css";
import { type Bar, HEIGHT, shapeOf, WIDTH } from "./projection";

const LABEL_WIDTH = 64;

interface Props {
  projection: StockProjection;
}

export function ProjectionChart({ projection }: Props) {
  const t = useTranslations("warehouse");
  const format = useFormats();
  const hatch = useId();
  const { columns, minimum } = projection;
  const shape = useMemo(
    () => (columns === null ? undefined : shapeOf(columns, minimum)),
    [columns, minimum],
  );
  const [day, setDay] = useState<number>();
  if (columns === null || shape === undefined) return null;
  const last = columns.day.length - 1;

  function onKeyDown(event: KeyboardEvent) {
    const at = day ?? -1;
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    setDay(Math.min(Math.max(next, 0), last));
  }

  const every = Math.max(1, Math.ceil(LABEL_WIDTH / shape.dayWidth));
  const bars = (name: "inTransit" | "calledOff" | "demand") =>
    shape[name].map((bar: Bar) => (
      <rect
        key={bar.x}
        className={styles[name]}
        x={bar.x}
        y={bar.y}
        width={shape.barWidth}
        height={bar.height}
      />
    ));
  return (
    // biome-ignore lint/a11y/useSemanticElements: a chart is no image with one text
    <div
      className={styles.chart}
      role="group"
      aria-label={t("chartHelp", { material: projection.material })}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a chart is one tab stop
      tabIndex={0}
      onKeyDown={onKeyDown}
      onBlur={() => setDay(undefined)}
    >
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
        <pattern id={hatch} width="8" height="8" patternUnits="userSpaceOnUse">
          <path className={styles.hatch} d="M0 8L8 0" />
        </pattern>
        {shape.ticks.map(({ value, y }) => (
          <g key={value}>
            <line className={styles.grid} x1={shape.left} x2={WIDTH} y1={y} y2={y} />
            <text className={styles.tick} x={shape.left - 8} y={y + 4} textAnchor="end">
              {format.number(value)}
            </text>
          </g>
        ))}
        {shape.minimumY === undefined ? null : (
          <rect
            fill={`url(#${hatch})`}
            x={shape.left}
            y={shape.minimumY}
            width={WIDTH - shape.left}
            height={shape.zero - shape.minimumY}
          />
        )}
        {bars("inTransit")}
        {bars("calledOff")}
        {bars("demand")}
        <line className={styles.zero} x1={shape.left} x2={WIDTH} y1={shape.zero} y2={shape.zero} />
        {shape.isUnknown ? (
          <Unknown hatch={hatch} left={shape.left} text={t("unknownStock")} />
        ) : (
          <polyline className={styles.line} points={shape.line} />
        )}
        {columns.day.map((one, index) => {
          const x = shape.left + index * shape.dayWidth;
          return (
            <g key={one}>
              {index % every === 0 && x + LABEL_WIDTH <= WIDTH ? (
                <text className={styles.tick} x={x} y={HEIGHT - 8}>
                  {format.day(one)}
                </text>
              ) : null}
              <rect
                className={index === day ? styles.chosen : styles.day}
                x={x}
                y={0}
                width={shape.dayWidth}
                height={HEIGHT - 24}
                onPointerEnter={() => setDay(index)}
                onPointerLeave={() => setDay(undefined)}
              />
              {one === projection.short_day ? (
                <text className={styles.short} x={x + shape.dayWidth / 2} y={shape.zero + 14}>
                  ▼
                </text>
              ) : null}
            </g>
          );
        })}
      </svg>
      <p className={styles.reading} aria-live="polite">
        {day === undefined ? " " : <DayText projection={projection} day={day} />}
      </p>
    </div>
  );
}

function Unknown({ hatch, left, text }: { hatch: string; left: number; text: string }) {
  return (
    <>
      <rect fill={`url(#${hatch})`} x={left} y={0} width={WIDTH - left} height={HEIGHT - 28} />
      <text className={styles.unknown} x={left + 16} y={28}>
        {text}
      </text>
    </>
  );
}

function DayText({ projection, day }: { projection: StockProjection; day: number }) {
  const t = useTranslations("warehouse");
  const format = useFormats();
  const { columns, unit } = projection;
  const one = columns?.day[day];
  if (columns === null || one === undefined) return null;
  const amount = (value: number | null | undefined) =>
    `${format.number(value)} ${unit ?? ""}`.trim();
  return t("dayText", {
    day: format.day(one),
    closing: amount(columns.closing[day]),
    inTransit: amount(columns.in_transit[day]),
    calledOff: amount(columns.called_off[day]),
    demand: amount(columns.demand[day]),
  });
}

/** What one machine did: a band for each state, read by mouse, keyboard and screen reader. */
import { useElementSize } from "@mantine/hooks";
import { type KeyboardEvent, memo, type PointerEvent, useMemo, useState } from "react";
import { useFormats } from "../useFormats";
import { PieceText } from "./PieceText";
import styles from "./StateLane.module.css";
import { patternOf } from "./StatePatterns";
import { ticksOf } from "./ticks";
import {
  bandAt,
  bandsOf,
  pieceAfterKey,
  type Shape,
  type Span,
  type StateSpan,
  shapesOf,
} from "./timeline";

const AXIS = 20;
const LOW = 2 / 3; // of the height, for time outside the plan
const LABEL_HALF_PX = 24;

interface Props {
  pieces: readonly StateSpan[];
  span: Span;
  nowMs: number;
  zone: string;
  label: string;
  height: number;
  hasAxis: boolean;
}

export function StateLane({ pieces, span, nowMs, zone, label, height, hasAxis }: Props) {
  const { ref, width } = useElementSize();
  const [chosen, setChosen] = useState<number>();
  const bands = useMemo(() => bandsOf(pieces, span, nowMs, width), [pieces, span, nowMs, width]);
  const shapes = useMemo(() => shapesOf(bands, height, height * LOW), [bands, height]);
  const selected = bands.find((band) => band.index === chosen);
  const piece = chosen === undefined ? undefined : pieces[chosen];

  function walk(event: KeyboardEvent) {
    const next = pieceAfterKey(event.key, chosen, pieces.length);
    if (next === undefined) return;
    event.preventDefault();
    setChosen(next);
  }

  function point(event: PointerEvent<SVGSVGElement>) {
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left;
    const band = bandAt(bands, x);
    if (band !== undefined) setChosen(band.index);
  }

  return (
    <div ref={ref} className={styles.lane}>
      <svg
        className={styles.chart}
        height={height + (hasAxis ? AXIS : 0)}
        role="img"
        aria-label={label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: one tab stop; arrows walk inside it
        tabIndex={0}
        onKeyDown={walk}
        onPointerMove={point}
        onPointerDown={point}
      >
        <rect className={styles.track} width={width} height={height} />
        <Shapes shapes={shapes} />
        {span.startMs <= nowMs && nowMs < span.endMs ? (
          <Now x={((nowMs - span.startMs) * width) / (span.endMs - span.startMs)} to={height} />
        ) : null}
        {selected === undefined ? null : (
          <rect
            className={styles.chosen}
            x={selected.x}
            y={1}
            width={selected.width}
            height={height - 2}
          />
        )}
        {hasAxis ? <Axis span={span} zone={zone} width={width} y={height + AXIS - 4} /> : null}
      </svg>
      <p className={styles.reading} aria-live="polite">
        {piece === undefined ? null : <PieceText piece={piece} span={span} zone={zone} />}
      </p>
    </div>
  );
}

// Apart, so that pointing at a piece does not draw all of them again.
const Shapes = memo(function Shapes({ shapes }: { shapes: readonly Shape[] }) {
  return shapes.map(({ state, path }) => {
    const pattern = patternOf(state);
    return (
      <g key={state} className={`state-${state}`} data-state={state}>
        <path className={styles[state] ?? styles.plain} d={path} />
        {pattern === undefined ? null : <path d={path} fill={pattern} />}
      </g>
    );
  });
});

function Now({ x, to }: { x: number; to: number }) {
  return <line className={styles.now} x1={x} x2={x} y1={0} y2={to + 4} />;
}

function Axis({ span, zone, width, y }: { span: Span; zone: string; width: number; y: number }) {
  const format = useFormats(zone);
  const ticks = useMemo(() => ticksOf(span, zone, width), [span, zone, width]);
  return ticks.map(({ atMs, x, isDay }) => (
    <text key={atMs} className={styles.tick} x={x} y={y} textAnchor={anchorOf(x, width)}>
      {isDay ? format.day(atMs) : format.time(atMs)}
    </text>
  ));
}

function anchorOf(x: number, width: number): "start" | "middle" | "end" {
  if (x < LABEL_HALF_PX) return "start";
  return x > width - LABEL_HALF_PX ? "end" : "middle";
}

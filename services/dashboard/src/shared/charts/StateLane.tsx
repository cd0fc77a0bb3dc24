/** What one machine did: a band for each state, read by mouse, keyboard and screen reader. */
import { useElementSize } from "@mantine/hooks";
import { type KeyboardEvent, memo, type PointerEvent, useMemo, useState } from "react";
import { PieceText } from "./PieceText";
import { Axis } from "./StateAxis";
import { useStateDrag } from "./StateDrag";
import styles from "./StateLane.module.css";
import { patternOf } from "./StatePatterns";
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

interface Props {
  pieces: readonly StateSpan[];
  span: Span;
  nowMs: number;
  zone: string;
  label: string;
  height: number;
  hasAxis: boolean;
  /** Indexes of the pieces that are chosen elsewhere on the screen. */
  picked?: ReadonlySet<number>;
  /** A piece was clicked, or Enter pressed on it; `isMore`: beside what is chosen already. */
  onPick?: (index: number, atMs: number, isMore: boolean) => void;
  /** A part of the span was dragged over. */
  onZoom?: (part: Span) => void;
  /** `+` or `-` was pressed, at an instant. */
  onStep?: (direction: 1 | -1, atMs: number | undefined) => void;
}

export function StateLane(props: Props) {
  const { pieces, span, nowMs, zone, label, height, hasAxis, picked, onPick, onZoom, onStep } =
    props;
  const { ref, width } = useElementSize();
  const [chosen, setChosen] = useState<number>();
  const bands = useMemo(() => bandsOf(pieces, span, nowMs, width), [pieces, span, nowMs, width]);
  const shapes = useMemo(() => shapesOf(bands, height, height * LOW), [bands, height]);
  const selected = bands.find((band) => band.index === chosen);
  const piece = chosen === undefined ? undefined : pieces[chosen];

  const atMs = piece === undefined ? undefined : Math.max(Date.parse(piece.start), span.startMs);
  const drag = useStateDrag(span, onZoom, (x, instant, isMore) => {
    const band = bandAt(bands, x);
    if (band === undefined) return;
    setChosen(band.index);
    onPick?.(band.index, instant, isMore);
  });

  function walk(event: KeyboardEvent) {
    if (event.key === "Enter" && chosen !== undefined && atMs !== undefined) {
      event.preventDefault();
      onPick?.(chosen, atMs, event.shiftKey);
      return;
    }
    if (onStep !== undefined && (event.key === "+" || event.key === "-")) {
      event.preventDefault();
      onStep(event.key === "+" ? 1 : -1, atMs);
      return;
    }
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
        onPointerMove={(event) => {
          point(event);
          drag.onMove(event);
        }}
        onPointerDown={(event) => {
          point(event);
          drag.onDown(event);
        }}
        onPointerUp={drag.onUp}
        onPointerCancel={drag.onCancel}
      >
        <rect className={styles.track} width={width} height={height} />
        <Shapes shapes={shapes} />
        {span.startMs <= nowMs && nowMs < span.endMs ? (
          <Now x={((nowMs - span.startMs) * width) / (span.endMs - span.startMs)} to={height} />
        ) : null}
        {bands
          .filter(({ index }) => picked?.has(index))
          .map(({ index, x, width: wide }) => (
            <rect key={index} className={styles.picked} x={x} width={wide} height={height} />
          ))}
        {drag.box === undefined ? null : (
          <rect className={styles.drag} {...drag.box} height={height} />
        )}
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

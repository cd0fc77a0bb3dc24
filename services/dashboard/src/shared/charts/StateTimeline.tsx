/** What a machine did: a band a state, exact totals, read by mouse, keyboard and screen reader. */
import { useElementSize } from "@mantine/hooks";
import { type KeyboardEvent, useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { machineState } from "../states";
import { useFormats } from "../useFormats";
import { StateMark } from "./StateMark";
import { patternOf, StatePatterns } from "./StatePatterns";
import styles from "./StateTimeline.module.css";
import {
  type Band,
  bandsOf,
  pieceAfterKey,
  type Span,
  type StateSpan,
  ticksOf,
  totalsOf,
} from "./timeline";

const HEIGHT = 64;
const AXIS = 20;
const LOW = (HEIGHT * 2) / 3; // of time outside the plan

interface Props {
  pieces: readonly StateSpan[];
  span: Span;
  nowMs: number;
  zone: string;
  label: string;
}

export function StateTimeline({ pieces, span, nowMs, zone, label }: Props) {
  const { ref, width } = useElementSize();
  const [chosen, setChosen] = useState<number>();
  const bands = useMemo(() => bandsOf(pieces, span, nowMs, width), [pieces, span, nowMs, width]);
  const ticks = useMemo(() => ticksOf(span, zone, width), [span, zone, width]);
  const format = useFormats(zone);
  const selected = bands.find((band) => band.index === chosen);

  function walk(event: KeyboardEvent) {
    const next = pieceAfterKey(event.key, chosen ?? -1, pieces.length);
    if (next === undefined) return;
    event.preventDefault();
    setChosen(next);
  }

  return (
    <div ref={ref}>
      <StatePatterns />
      <svg
        className={styles.chart}
        height={HEIGHT + AXIS}
        role="img"
        aria-label={label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: one tab stop; arrows walk inside it
        tabIndex={0}
        onKeyDown={walk}
      >
        <rect className={styles.track} width={width} height={HEIGHT} />
        {bands.map((band) => (
          <Piece key={band.index} band={band} onPoint={setChosen} />
        ))}
        {nowMs < span.endMs ? (
          <Now x={((nowMs - span.startMs) * width) / (span.endMs - span.startMs)} />
        ) : null}
        {selected === undefined ? null : (
          <rect
            className={styles.chosen}
            x={selected.x}
            y={1}
            width={selected.width}
            height={HEIGHT - 2}
          />
        )}
        {ticks.map(({ atMs, x }) => (
          <text
            key={atMs}
            className={styles.tick}
            x={x}
            y={HEIGHT + AXIS - 4}
            textAnchor={x < 24 ? "start" : "middle"}
          >
            {format.time(atMs)}
          </text>
        ))}
      </svg>
      <p className={styles.reading} aria-live="polite">
        {chosen === undefined ? null : <Reading piece={pieces[chosen]} zone={zone} />}
      </p>
      <Legend pieces={pieces} zone={zone} />
    </div>
  );
}

function Piece({ band, onPoint }: { band: Band; onPoint: (index: number) => void }) {
  const height = band.isOutside ? LOW : HEIGHT;
  const box = { x: band.x, y: HEIGHT - height, width: band.width, height };
  const pattern = patternOf(band.state);
  const shape = band.state === "unknown" ? styles.unknown : styles.band;
  return (
    <g
      className={`state-${band.state}`}
      data-state={band.state}
      onPointerEnter={() => onPoint(band.index)}
    >
      <rect className={shape} {...box} />
      {pattern === undefined ? null : <rect {...box} fill={pattern} />}
    </g>
  );
}

function Now({ x }: { x: number }) {
  return <line className={styles.now} x1={x} x2={x} y1={0} y2={HEIGHT + 4} />;
}

function Reading({ piece, zone }: { piece: StateSpan | undefined; zone: string }) {
  const t = useTranslations("machine");
  const states = useTranslations("states");
  const format = useFormats(zone);
  if (piece === undefined) return null;
  const end = piece.end === null ? t("goesOn") : format.time(piece.end, true);
  const parts = [
    states(machineState(piece.state)),
    `${format.time(piece.start, true)}–${end}`,
    format.duration(piece.duration_s),
    ...(piece.order_number === null ? [] : [t("order", { number: piece.order_number })]),
    ...(piece.code === null ? [] : [t("machineCode", { code: piece.code })]),
  ];
  return <>{parts.join(" · ")}</>;
}

function Legend({ pieces, zone }: { pieces: readonly StateSpan[]; zone: string }) {
  const states = useTranslations("states");
  const format = useFormats(zone);
  return (
    <ul className={styles.legend}>
      {totalsOf(pieces).map(({ state, seconds, count }) => (
        <li key={state}>
          <StateMark state={state} /> {states(state)} <strong>{format.duration(seconds)}</strong>{" "}
          <span className="second">{count}×</span>
        </li>
      ))}
    </ul>
  );
}

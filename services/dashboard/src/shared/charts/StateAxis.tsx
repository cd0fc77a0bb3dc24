/** The times below a timeline, in the zone of the plant. */
import { useMemo } from "react";
import { useFormats } from "../useFormats";
import styles from "./StateLane.module.css";
import { ticksOf } from "./ticks";
import type { Span } from "./timeline";

const LABEL_HALF_PX = 24;

interface Props {
  span: Span;
  zone: string;
  width: number;
  y: number;
}

export function Axis({ span, zone, width, y }: Props) {
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

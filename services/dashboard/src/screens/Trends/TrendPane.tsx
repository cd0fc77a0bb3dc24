/** One pane of the chart, drawn by uPlot: the signals of one unit over time. */
import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useMemo, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useFormats } from "../../shared/useFormats";
import {
  type Drawn,
  dataOf,
  type Handlers,
  type Look,
  type Mark,
  optionsOf,
  setPrinting,
  structureOf,
} from "./drawing";

interface Props {
  drawn: readonly Drawn[];
  zone: string;
  width: number;
  height: number;
  hasAxis: boolean;
  span: { startMs: number; endMs: number };
  marks: readonly Mark[];
  /** The instant that the keyboard chose; the mouse moves the cursor of all panes by itself. */
  atMs: number | undefined;
  onPoint: (atMs: number | undefined) => void;
  onZoom: (startMs: number, endMs: number) => void;
  onZoomOut: () => void;
}

export function TrendPane(props: Props) {
  const { drawn, zone, width, height, hasAxis, span, marks, atMs } = props;
  const format = useFormats(zone);
  const scheme = useComputedColorScheme();
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const newest = useRef(props);
  newest.current = props;
  const look = useMemo(
    (): Look => ({
      zone,
      width,
      height,
      hasAxis,
      span: () => newest.current.span,
      formatTick: (at, isDay) => (isDay ? format.day(at) : format.time(at)),
      formatNumbers: (values) => {
        const digits = Math.max(0, ...values.map(digitsOf));
        return values.map((value) => format.number(value, digits));
      },
    }),
    [zone, width, height, hasAxis, format],
  );

  const structure = structureOf(drawn);
  // A new chart for other lines or another look alone: new samples come each ten seconds.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the structure stands for what is drawn
  useEffect(() => {
    if (place.current === null) return;
    const lines = newest.current.drawn;
    const handlers: Handlers = {
      onPoint: (at) => newest.current.onPoint(at),
      onZoom: (start, end) => newest.current.onZoom(start, end),
      onZoomOut: () => newest.current.onZoomOut(),
      marks: () => newest.current.marks,
    };
    const made = new uPlot(optionsOf(lines, look, handlers), dataOf(lines), place.current);
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = null;
    };
  }, [structure, look]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the range of the time axis is the span
  useEffect(() => {
    plot.current?.setData(dataOf(drawn));
  }, [drawn, span]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: what is drawn depends on them
  useEffect(() => {
    plot.current?.redraw(false);
  }, [scheme, marks]);

  useEffect(() => {
    const shown = plot.current;
    if (atMs === undefined || shown === null) return;
    shown.setCursor({ left: shown.valToPos(atMs / 1000, "x"), top: 1 }, false);
  }, [atMs]);

  useEffect(() => onPrint(() => plot.current?.redraw(false)), []);

  return <div ref={place} />;
}

function onPrint(redraw: () => void): () => void {
  const before = () => {
    setPrinting(true);
    redraw();
  };
  const after = () => {
    setPrinting(false);
    redraw();
  };
  window.addEventListener("beforeprint", before);
  window.addEventListener("afterprint", after);
  return () => {
    window.removeEventListener("beforeprint", before);
    window.removeEventListener("afterprint", after);
  };
}

/** How many decimals a mark of an axis needs. */
function digitsOf(value: number): number {
  const text = String(Math.round(value * 1e6) / 1e6);
  return text.includes("e") ? 0 : (text.split(".")[1] ?? "").length;
}

/** How uPlot draws a pane: a band and a line for each signal, in the colours of the page. */
import uPlot from "uplot";
import { ticksOf } from "../../shared/charts/ticks";
import type { Cell, Columns } from "./columns";

export const LEFT_PX = 64; // of all panes and of the strip below: one time axis for them
export const RIGHT_PX = 28; // the numbers of the lines
const AXIS_PX = 26;
const TAG_PX = 14;
const BAND_ALPHA = 0.18;
const SIGNAL_SERIES = 4; // of each signal: maximum, minimum, line, bad

export interface Drawn {
  /** From 1: the number at the end of the line and in the table. */
  number: number;
  columns: Columns;
}

export interface Mark {
  number: number;
  startS: number;
  endS: number | undefined;
}

export interface Look {
  zone: string;
  width: number;
  height: number;
  hasAxis: boolean;
  /** What is shown now: the chart stays when it moves on. */
  span: () => { startMs: number; endMs: number };
  formatTick: (atMs: number, isDay: boolean) => string;
  formatNumbers: (values: readonly number[]) => string[];
}

export interface Handlers {
  onPoint: (atMs: number | undefined) => void;
  onZoom: (startMs: number, endMs: number) => void;
  onZoomOut: () => void;
  marks: () => readonly Mark[];
}

let isPrinting = false;
const PRINTED: Readonly<Record<string, string>> = {
  "--wn-text-2": "#4a5868",
  "--wn-line": "#d5dbe2",
  "--wn-accent": "#1f5fbf",
};

/** Draw with the colours of paper until the end of printing. */
export function setPrinting(value: boolean): void {
  isPrinting = value;
}

function colour(name: string, of: HTMLElement): string {
  const printed = name.startsWith("--trend-") ? `${name}-print` : name;
  const own = isPrinting ? (PRINTED[name] ?? printed) : name;
  return own.startsWith("#") ? own : getComputedStyle(of).getPropertyValue(own).trim();
}

/** Return what a chart cannot change while it lives: its lines, not their data. */
export function structureOf(drawn: readonly Drawn[]): string {
  return drawn.map(({ number, columns }) => `${number}${columns.isStepped ? "s" : ""}`).join(" ");
}

/** Return the aligned data of a pane: undefined where another signal has the instant alone. */
export function dataOf(drawn: readonly Drawn[]): uPlot.AlignedData {
  const tables = drawn.map(
    ({ columns: { x, max, min, line, bad } }): uPlot.AlignedData => [x, max, min, line, bad],
  );
  return tables.length === 0
    ? [[]]
    : uPlot.join(
        tables,
        tables.map(() => [0, 2, 2, 2, 2]),
      );
}

export function optionsOf(drawn: readonly Drawn[], look: Look, handlers: Handlers): uPlot.Options {
  const bands: uPlot.Band[] = drawn.map(({ number }, n) => ({
    series: [SIGNAL_SERIES * n + 1, SIGNAL_SERIES * n + 2],
    fill: (plot) => alpha(colour(`--trend-${number}`, plot.root)),
  }));
  return {
    width: look.width,
    height: look.height,
    padding: [10, RIGHT_PX, look.hasAxis ? 0 : 6, 0],
    legend: { show: false },
    // Not uPlot's time: its clock is the browser's. Ticks and their texts are the plant's.
    scales: {
      x: { time: false, range: () => [look.span().startMs / 1000, look.span().endMs / 1000] },
    },
    series: [{}, ...drawn.flatMap(seriesOf)],
    bands,
    axes: axesOf(look),
    cursor: cursorOf(drawn.length, handlers),
    hooks: hooksOf(drawn, handlers),
  };
}

function seriesOf({ number, columns }: Drawn): uPlot.Series[] {
  const stroke = (plot: uPlot) => colour(`--trend-${number}`, plot.root);
  const hidden: uPlot.Series = { width: 0, points: { show: false }, stroke: "transparent" };
  const stepped = columns.isStepped ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
  return [
    hidden,
    hidden,
    {
      stroke,
      width: 1.5,
      points: {
        show: (plot, index, from, to) => isSparse(plot, index, from, to),
        size: 5,
        fill: stroke,
      },
      ...(stepped === undefined ? {} : { paths: stepped }),
    },
    { stroke, width: 1.5, dash: [2, 4], points: { show: true, size: 4, width: 1, stroke } },
  ];
}

/** Few samples are shown as points, too: a single one is no line. */
function isSparse(plot: uPlot, series: number, from: number, to: number): boolean {
  const cells = plot.data[series] ?? [];
  let count = 0;
  for (let n = from; n <= to; n++) if (typeof cells[n] === "number") count++;
  return count > 0 && count < plot.width / 40;
}

function axesOf(look: Look): uPlot.Axis[] {
  const plotWidth = look.width - LEFT_PX - RIGHT_PX;
  const ticks = () => ticksOf(look.span(), look.zone, plotWidth);
  const text = (plot: uPlot) => colour("--wn-text-2", plot.root);
  const line = (plot: uPlot) => colour("--wn-line", plot.root);
  const common = { stroke: text, grid: { stroke: line, width: 1 }, font: "12px Inter, sans-serif" };
  return [
    {
      ...common,
      size: look.hasAxis ? AXIS_PX : 0,
      ticks: { show: false },
      splits: () => ticks().map(({ atMs }) => atMs / 1000),
      values: () =>
        look.hasAxis
          ? ticks().map(({ atMs, isDay }) => look.formatTick(atMs, isDay))
          : ticks().map(() => ""),
    },
    {
      ...common,
      size: LEFT_PX,
      ticks: { show: false },
      space: 28,
      values: (_, splits) => look.formatNumbers(splits),
    },
  ];
}

function cursorOf(signals: number, { onZoomOut }: Handlers): uPlot.Cursor {
  const hasPoint = (series: number) => series > 0 && series % SIGNAL_SERIES === 3;
  return {
    sync: { key: "trends", setSeries: false, scales: ["x", null] },
    drag: { x: true, y: false, setScale: false, dist: 6 },
    y: false,
    points: {
      size: (_, series) => (hasPoint(series) && signals > 0 ? 7 : 0),
    },
    bind: {
      dblclick: () => () => {
        onZoomOut();
        return null;
      },
    },
  };
}

function hooksOf(drawn: readonly Drawn[], handlers: Handlers): uPlot.Hooks.Arrays {
  return {
    setCursor: [
      (plot) => {
        const { left } = plot.cursor;
        handlers.onPoint(
          left === undefined || left < 0 ? undefined : plot.posToVal(left, "x") * 1000,
        );
      },
    ],
    setSelect: [
      ({ select, posToVal, setSelect }) => {
        if (select.width < 6) return;
        handlers.onZoom(
          posToVal(select.left, "x") * 1000,
          posToVal(select.left + select.width, "x") * 1000,
        );
        setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      },
    ],
    draw: [(plot) => drawMarks(plot, handlers.marks()), (plot) => drawTags(plot, drawn)],
  };
}

/** Notes as vertical lines with their number; one with an end as a span. */
function drawMarks(plot: uPlot, marks: readonly Mark[]): void {
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  ctx.save();
  ctx.fillStyle = ctx.strokeStyle = colour("--wn-accent", plot.root);
  ctx.font = `600 ${11 * ratio}px Inter, sans-serif`;
  ctx.lineWidth = ratio;
  for (const { number, startS, endS } of marks) {
    const x = Math.round(plot.valToPos(startS, "x", true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(String(number), x + 3 * ratio, bbox.top + 10 * ratio);
    if (endS === undefined) continue;
    ctx.globalAlpha = 0.12;
    const to = Math.min(plot.valToPos(endS, "x", true), bbox.left + bbox.width);
    ctx.fillRect(x, bbox.top, to - x, bbox.height);
    ctx.globalAlpha = 1;
  }
  ctx.restore();
}

/** The number of each line at its end, so that its colour is not all that names it. */
function drawTags(plot: uPlot, drawn: readonly Drawn[]): void {
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  const tags = drawn
    .map(({ number }, n) => ({ number, value: lastOf(plot.data[SIGNAL_SERIES * n + 3]) }))
    .flatMap(({ number, value }) =>
      value === undefined ? [] : [{ number, y: plot.valToPos(value, "y", true) }],
    )
    .toSorted((left, right) => left.y - right.y);
  ctx.save();
  ctx.font = `600 ${12 * ratio}px Inter, sans-serif`;
  ctx.textBaseline = "middle";
  let lowest = Number.NEGATIVE_INFINITY;
  for (const { number, y } of tags) {
    lowest = Math.max(y, lowest + TAG_PX * ratio);
    ctx.fillStyle = colour(`--trend-${number}`, plot.root);
    ctx.fillText(String(number), bbox.left + bbox.width + 8 * ratio, lowest);
  }
  ctx.restore();
}

function lastOf(cells: ArrayLike<Cell> | undefined): number | undefined {
  for (let n = (cells?.length ?? 0) - 1; n >= 0; n--) {
    const cell = cells?.[n];
    if (typeof cell === "number") return cell;
  }
  return undefined;
}

function alpha(hex: string): string {
  return `${hex}${Math.round(BAND_ALPHA * 255).toString(16)}`;
}

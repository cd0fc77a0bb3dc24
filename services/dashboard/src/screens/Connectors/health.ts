/** How a connector does: its word, its weight in the order, what is worth a look. */
import type { Connector } from "../../api/connectors";

export const STATES = [
  "running",
  "starting",
  "connecting",
  "rejected",
  "failed",
  "fenced",
  "silent",
  "edgeSilent",
  "stopped",
  "finished",
  "other",
] as const;
export type StateWord = (typeof STATES)[number];

export type Tone = "good" | "warn" | "bad" | "rest";

const TONES: Readonly<Record<StateWord, Tone>> = {
  running: "good",
  starting: "warn",
  connecting: "warn",
  rejected: "bad",
  failed: "bad",
  fenced: "bad",
  silent: "bad",
  edgeSilent: "bad",
  stopped: "rest",
  finished: "rest",
  other: "warn",
};
const ORDER: readonly StateWord[] = [
  "edgeSilent",
  "silent",
  "rejected",
  "failed",
  "fenced",
  "connecting",
  "starting",
  "other",
  "stopped",
  "running",
  "finished",
];
const CERTIFICATE_SOON_DAYS = 30;
const SKEW_MAX_S = 5;

export function stateWord(connector: Pick<Connector, "state" | "errors">): StateWord {
  const { state, errors } = connector;
  if (errors.some(({ code }) => code === "connector.edge_silent")) return "edgeSilent";
  return STATES.find((word) => word === state) ?? "other";
}

export function toneOf(word: StateWord): Tone {
  return TONES[word];
}

/** Silent ones first; equal ones by their name. */
export function byNeed(left: Connector, right: Connector): number {
  const rank = ORDER.indexOf(stateWord(left)) - ORDER.indexOf(stateWord(right));
  return rank || right.open_gaps - left.open_gaps || left.id.localeCompare(right.id);
}

export interface Split {
  live: Connector[];
  history: Connector[];
}

/** Finished feeds of history apart from what should bring data now. */
export function splitFeeds(all: readonly Connector[]): Split {
  const isOver = ({ kind, state }: Connector) => kind === "history" && state === "finished";
  const ordered = all.toSorted(byNeed);
  return {
    live: ordered.filter((connector) => !isOver(connector)),
    history: ordered.filter(isOver),
  };
}

/** How many connectors somebody has to look at, and how many were stopped on purpose. */
export function countsOf(live: readonly Connector[]): { needing: number; stopped: number } {
  const tones = live.map((connector) => toneOf(stateWord(connector)));
  return {
    needing: tones.filter((tone) => tone === "bad" || tone === "warn").length,
    stopped: tones.filter((tone) => tone === "rest").length,
  };
}

export function isEndingSoon(days: number | null): boolean {
  return days !== null && days < CERTIFICATE_SOON_DAYS;
}

export function isSkewed(seconds: number | null): boolean {
  return seconds !== null && Math.abs(seconds) > SKEW_MAX_S;
}

/** The greater one of the two clocks' offsets: of the source, and of the edge. */
export function worstSkew(
  connector: Pick<Connector, "clock_skew_s" | "edge_clock_skew_s">,
): number | null {
  const { clock_skew_s: source, edge_clock_skew_s: edge } = connector;
  if (source === null || edge === null) return source ?? edge;
  return Math.abs(source) >= Math.abs(edge) ? source : edge;
}

/** From a suggested edge file to a connector that delivers. */
import type { Connector, ConnectorError } from "../../../api/connectors";
import { stateWord } from "../health";

/** What the suggestion writes where it cannot know the line of a machine. */
const PLACE = /(\bequipment: ["']?)enterprise\/plant\/area\/line(?=\/)/g;
const ZONE = /^( *time_zone: ).*$/m;

/** Put the machines of a suggested file below a line, with the clock of its plant. */
export function placedIn(document: string, line: string, zone: string): string {
  return document
    .replace(PLACE, (_, before: string) => `${before}${line}`)
    .replace(ZONE, (_, before: string) => `${before}${zone}`);
}

/** Whether machines of a file have no line yet. */
export function lacksPlace(document: string): boolean {
  return document.search(PLACE) >= 0;
}

/** How far a connector is that somebody has just written a file for. */
export type Arrival =
  /** It has not reported: nobody has started it, or it reaches no ingest. */
  | { is: "absent" }
  | { is: "fails"; errors: readonly ConnectorError[] }
  | { is: "connecting" }
  /** It runs, and no good value has come. */
  | { is: "empty"; refused: number }
  | { is: "live"; refused: number };

export function arrivalOf(connector: Connector | undefined): Arrival {
  if (connector === undefined) return { is: "absent" };
  const { errors, quarantined, last_good_at } = connector;
  if (errors.length > 0) return { is: "fails", errors };
  if (stateWord(connector) !== "running") return { is: "connecting" };
  return { is: last_good_at === null ? "empty" : "live", refused: quarantined };
}

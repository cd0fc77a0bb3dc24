/** The question of the screen in the words of other tools: a shell, Python, SQL. */
import { WINDOW_AGGREGATES } from "../../api/samples";

export interface Question {
  ids: readonly number[];
  /** Both as instants, so that the copy means the same tomorrow. */
  start: string;
  end: string;
  points: number;
  origin: string;
}

/** The same samples from the API. The key is a variable: no copy has it. */
export function asApiCall({ ids, start, end, points, origin }: Question): string {
  const query = new URLSearchParams([
    ...ids.map((id): [string, string] => ["signal", String(id)]),
    ["start", start],
    ["end", end],
    ["max_points", String(points)],
    ["aggregates", WINDOW_AGGREGATES.join(",")],
  ]);
  return `curl -H "X-API-Key: $WERKNETZ_API_KEY" "${origin}/api/v1/samples?${query}"`;
}

/** The samples themselves as a data frame, with the client of the wheel. */
export function asPython({ ids, start, end, origin }: Question): string {
  return `from werknetz_client import Client

with Client("${origin}") as client:  # the key is in WERKNETZ_API_KEY
    frame = client.samples.frame(
        [${ids.join(", ")}],
        start="${start}",
        end="${end}",
    )
print(frame)
`;
}

/** The samples themselves from the views for reports, which a user of grafana_reader reads. */
export function asSql({ ids, start, end }: Question): string {
  return `SELECT g.key, s.at, s.value, s.text, s.status, g.unit
FROM grafana.v1_samples s
JOIN grafana.v1_signals g ON g.id = s.signal_id
WHERE s.signal_id IN (${ids.join(", ")})
  AND s.at >= '${start}' AND s.at < '${end}'
ORDER BY g.key, s.at;
`;
}

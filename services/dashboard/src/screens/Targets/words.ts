/** Which sentences fit a target: keys of the texts, with what they name. */
import type { Target } from "../../api/targets";

type Due = Pick<
  Target,
  "state" | "due_on" | "goal" | "change" | "change_at_due" | "first_met_on" | "path_change"
>;
type Forecast = Pick<Target, "forecast" | "forecast_reason" | "goal">;

/** How a target stands to its due date. */
export type DueWords =
  | { key: "missed"; byRatio: number | undefined }
  | { key: "metAtDue" }
  | { key: "met" }
  | { key: "onPath" }
  | { key: "behind"; byRatio: number }
  | { key: "unknown" };

/** What the months so far let expect. */
export type ForecastWords =
  | { key: "none"; reason: string }
  | { key: "reaches" | "never" }
  | { key: "later"; on: string };

export function dueWordsOf(target: Due): DueWords {
  const { state, change, change_at_due: atDue, goal } = target;
  if (state === "missed") {
    return { key: "missed", byRatio: atDue === null ? undefined : goal - atDue };
  }
  if (state === "met") return { key: atDue === null ? "met" : "metAtDue" };
  if (state === "on_path") return { key: "onPath" };
  if (state === "behind") return { key: "behind", byRatio: target.path_change - (change ?? 0) };
  return { key: "unknown" };
}

export function forecastWordsOf({ forecast, forecast_reason, goal }: Forecast): ForecastWords {
  if (forecast === null) return { key: "none", reason: forecast_reason ?? "" };
  if (forecast.change >= goal) return { key: "reaches" };
  return forecast.reached_on === null
    ? { key: "never" }
    : { key: "later", on: forecast.reached_on };
}

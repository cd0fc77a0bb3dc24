/** Scenarios in the address: `set_up:0.5,starved:0.5`. */
import type { Contribution } from "../../api/targets";
import { partsBy } from "./waterfall";

export const FACTORS = ["0.75", "0.5", "0.25", "0"] as const;
export type Factor = (typeof FACTORS)[number];
const LOSSES_MAX = 8;
const NO_LOSSES: readonly string[] = ["input", "beyond_losses", "other"];
const POINTS_MIN = 0.05; // what shows as 0.1

/** Return the parts as the API takes them; the same in whichever order they were chosen. */
export function scenarioOf(text: string | undefined): string[] {
  if (text === undefined) return [];
  return [...new Set(text.split(",").filter((part) => /^[a-z_]+:[0-9.]+$/.test(part)))].sort();
}

export function chosenOf(scenario: readonly string[]): {
  losses: ReadonlySet<string>;
  factor: Factor;
} {
  const losses = new Set(scenario.map((part) => part.split(":")[0] ?? ""));
  const text = scenario[0]?.split(":")[1];
  return { losses, factor: FACTORS.find((one) => one === text) ?? "0.5" };
}

/** Write the losses with one factor for all; undefined: no scenario. */
export function scenarioText(losses: Iterable<string>, factor: Factor): string | undefined {
  const parts = [...losses].sort().map((loss) => `${loss}:${factor}`);
  return parts.length === 0 ? undefined : parts.join(",");
}

/** The losses that are worth playing: what would be gained without them, the most first. */
export function playableLosses(contributions: readonly Contribution[]): string[] {
  const potential = new Map<string, number>();
  for (const { loss, potential_points } of contributions) {
    potential.set(loss, (potential.get(loss) ?? 0) + potential_points);
  }
  return partsBy(contributions, "loss")
    .flatMap(({ name }) => (name === undefined || NO_LOSSES.includes(name) ? [] : [name]))
    .filter((name) => (potential.get(name) ?? 0) >= POINTS_MIN)
    .sort((left, right) => (potential.get(right) ?? 0) - (potential.get(left) ?? 0))
    .slice(0, LOSSES_MAX);
}

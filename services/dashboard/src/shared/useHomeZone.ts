/** The zone of what belongs to no plant: that of all plants if they have the same, else UTC. */
import { useQuery } from "@tanstack/react-query";
import { oneZoneOf, plants } from "../api/plants";

export function useHomeZone(): string {
  return oneZoneOf(useQuery(plants).data?.items ?? []);
}

/** The zone of what is about some plants or groups: theirs if they have the same, else UTC. */
export function useZoneOf(under: readonly string[]): string {
  return oneZoneOf(useQuery(plants).data?.items ?? [], under);
}

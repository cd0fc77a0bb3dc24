/** The zone of what belongs to no plant: that of all plants if they have the same, else UTC. */
import { useQuery } from "@tanstack/react-query";
import { plants } from "../../api/plants";

export function useHomeZone(): string {
  const all = useQuery(plants).data?.items ?? [];
  const zones = new Set(all.map((plant) => plant.time_zone ?? "UTC"));
  const [only] = zones;
  return zones.size === 1 && only !== undefined ? only : "UTC";
}

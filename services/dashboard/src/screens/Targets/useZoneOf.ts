/** The zone of a target: that of its plants if they have the same, else UTC, as the API has it. */
import { useQuery } from "@tanstack/react-query";
import { plants, zoneOf } from "../../api/plants";

export function useZoneOf(under: readonly string[]): string {
  const all = useQuery(plants).data?.items ?? [];
  const zones = new Set(
    under.flatMap((path) => {
      const below = all.filter((plant) => plant.path.startsWith(`${path}/`));
      return below.length === 0
        ? [zoneOf(all, path)]
        : below.map((plant) => plant.time_zone ?? "UTC");
    }),
  );
  const [only] = zones;
  return zones.size === 1 && only !== undefined ? only : "UTC";
}

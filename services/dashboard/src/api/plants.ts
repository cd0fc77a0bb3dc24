import { queryOptions } from "@tanstack/react-query";
import { rememberPlants } from "../shared/plantHabits";
import { api, bodyOf, type Schemas } from "./client";
import { NAMES_S, polled } from "./polling";

export type Plant = Schemas["PlantView"];

export const plants = queryOptions({
  queryKey: ["plants"],
  queryFn: async ({ signal }) => {
    const query = { limit: 1000 };
    const page = await bodyOf(api.GET("/api/v1/plants", { signal, params: { query } }));
    rememberPlants(page.items);
    return page;
  },
  ...polled(NAMES_S),
});

/** Return the paths whose overviews make up the group: the plants of a person, else the roots. */
export function rootsOf(all: readonly Plant[], allowed: readonly string[] | null): string[] {
  const paths = all.map((plant) => plant.path);
  if (allowed !== null) return paths;
  return [...new Set(paths.map((path) => path.split("/")[0] ?? path))];
}

/** Return the time zone of the plant that an equipment belongs to; UTC for a group of plants. */
export function zoneOf(all: readonly Plant[], path: string): string {
  const plant = all.find((one) => path === one.path || path.startsWith(`${one.path}/`));
  return plant?.time_zone ?? "UTC";
}

/** Return the time zone of the plants below or above some paths if it is one, else UTC. */
export function oneZoneOf(all: readonly Plant[], under?: readonly string[]): string {
  const zones =
    under === undefined
      ? all.map((plant) => plant.time_zone ?? "UTC")
      : under.flatMap((path) => {
          const below = all.filter((plant) => plant.path.startsWith(`${path}/`));
          return below.length === 0
            ? [zoneOf(all, path)]
            : below.map((plant) => plant.time_zone ?? "UTC");
        });
  const [first, ...others] = new Set(zones);
  return first !== undefined && others.length === 0 ? first : "UTC";
}

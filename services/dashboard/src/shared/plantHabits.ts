/** How plants are named and how their clocks count: set once from the plants, read by all formats. */
interface Habits {
  path: string;
  name: string;
  time_zone: string | null;
  clock: string | null;
}

let names: ReadonlyMap<string, string> = new Map();
let twelveHourZones: ReadonlySet<string> = new Set();

export function rememberPlants(plants: readonly Habits[]): void {
  names = new Map(plants.map(({ path, name }) => [path, name]));
  const twelve = plants.filter(({ clock }) => clock === "12h");
  twelveHourZones = new Set(twelve.flatMap(({ time_zone: zone }) => zone ?? []));
}

/** Return the display name of a plant; undefined: it is no plant, or has none of its own. */
export function plantName(path: string): string | undefined {
  return names.get(path);
}

/** Whether the clocks of a zone have twelve hours: a plant there asks for it. */
export function hasTwelveHours(zone: string): boolean {
  return twelveHourZones.has(zone);
}

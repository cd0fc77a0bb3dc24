/** Local time of a plant and instants: the hour that a clock change leaves out or repeats, too. */

/** A local time as `<input type="datetime-local">` writes it: 2026-11-30T06:00. */
const LOCAL = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2}))?/;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Return the local time of an instant in a zone, to the minute. */
export function localOf(at: string | number, zone: string): string {
  const atMs = new Date(at).getTime();
  return new Date(atMs + offsetMs(atMs, zone)).toISOString().slice(0, 16);
}

/** Return the instants that have a local time: one; none or two where the clocks change. */
export function instantsOf(local: string, zone: string): number[] {
  const parts = LOCAL.exec(local);
  if (parts === null) return [];
  const [year, month, day, hour, minute, second] = parts.slice(1).map((part) => Number(part ?? 0));
  const wallMs = Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
  const offsets = new Set([wallMs - DAY_MS, wallMs + DAY_MS].map((at) => offsetMs(at, zone)));
  return [...offsets]
    .map((offset) => wallMs - offset)
    .filter((at) => at + offsetMs(at, zone) === wallMs)
    .toSorted((left, right) => left - right);
}

/** Write an instant in a zone with its offset: 2026-11-30T06:00:00+01:00. */
export function isoOf(atMs: number, zone: string): string {
  const offset = offsetMs(atMs, zone);
  const minutes = Math.abs(offset) / MINUTE_MS;
  const sign = offset < 0 ? "-" : "+";
  const wall = new Date(atMs + offset).toISOString().slice(0, 19);
  return `${wall}${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** Move an instant by calendar days: its local time stays, also over a clock change. */
export function addDays(atMs: number, days: number, zone: string): number {
  const wallMs = atMs + offsetMs(atMs, zone) + days * DAY_MS;
  const seconds = atMs % MINUTE_MS;
  const [instant] = instantsOf(new Date(wallMs - seconds).toISOString().slice(0, 16), zone);
  // A local time that does not exist: as long after the day before as it would be.
  return instant === undefined ? atMs + days * DAY_MS : instant + seconds;
}

/** Return how far the clocks of a zone are ahead of UTC at an instant. */
export function offsetMs(atMs: number, zone: string): number {
  const parts = formatter(zone).formatToParts(atMs);
  const numberOf = (type: string) => Number(parts.find((part) => part.type === type)?.value ?? 0);
  const wall = Date.UTC(
    numberOf("year"),
    numberOf("month") - 1,
    numberOf("day"),
    numberOf("hour"),
    numberOf("minute"),
    numberOf("second"),
  );
  return wall - Math.floor(atMs / 1000) * 1000;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  formatters.set(zone, made);
  return made;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** Numbers and times as the page writes them: in the language of the page, in the plant's zone. */
import { type Language, localeOf } from "../i18n/language";
import { hasTwelveHours, plantName } from "./plantHabits";

export const NO_VALUE = "–";
const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;
const GERMAN_ZONES: Readonly<Record<string, string>> = {
  CET: "MEZ",
  CEST: "MESZ",
  WET: "WEZ",
  WEST: "WESZ",
  EET: "OEZ",
  EEST: "OESZ",
};

export function formatNumber(
  value: number | null | undefined,
  language: Language,
  digits = 0,
): string {
  if (value === null || value === undefined) return NO_VALUE;
  return new Intl.NumberFormat(localeOf(language), {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);
}

/** Write a ratio as a share with one decimal: 70.6% or 70,6 %. */
export function formatShare(ratio: number | null | undefined, language: Language): string {
  if (ratio === null || ratio === undefined) return NO_VALUE;
  return new Intl.NumberFormat(localeOf(language), {
    style: "percent",
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  }).format(ratio);
}

/** Write a relative change with its sign: +33.3% or +33,3 %. */
export function formatChange(ratio: number | null | undefined, language: Language): string {
  if (ratio === null || ratio === undefined) return NO_VALUE;
  return new Intl.NumberFormat(localeOf(language), {
    style: "percent",
    signDisplay: "exceptZero",
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  }).format(ratio);
}

/** Write a difference of two ratios in percentage points, with its sign: +0.9 pp or +0,9 Pkt. */
export function formatPoints(difference: number | null | undefined, language: Language): string {
  if (difference === null || difference === undefined) return NO_VALUE;
  const number = new Intl.NumberFormat(localeOf(language), {
    signDisplay: "exceptZero",
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  }).format(difference * 100);
  return `${number} ${language === "de" ? "Pkt." : "pp"}`;
}

/** Write a length of time: 45 s, 3:07 min, 2:05 h, 1.3 d. */
export function formatDuration(seconds: number | null | undefined, language: Language): string {
  if (seconds === null || seconds === undefined) return NO_VALUE;
  const sign = seconds < 0 ? "−" : "";
  const whole = Math.round(Math.abs(seconds));
  if (whole < MINUTE_S) return `${sign}${whole} s`;
  if (whole < HOUR_S) return `${sign}${Math.floor(whole / MINUTE_S)}:${two(whole % MINUTE_S)} min`;
  const minutes = Math.round(whole / MINUTE_S);
  if (minutes * MINUTE_S < DAY_S)
    return `${sign}${Math.floor(minutes / 60)}:${two(minutes % 60)} h`;
  return `${sign}${formatNumber(whole / DAY_S, language, 1)} d`;
}

/** Write an instant's time of day in a zone: 03:50, or 03:50:02 with `seconds`. */
export function formatTime(
  at: string | number,
  zone: string,
  language: Language,
  seconds = false,
): string {
  return format(at, zone, language, {
    hour: "2-digit",
    minute: "2-digit",
    ...(seconds ? { second: "2-digit" } : {}),
  });
}

const LONG_MS = 25 * HOUR_S * 1000; // the longest day: beyond it a time of day is ambiguous

/** Write an instant of a period: its time of day, with the day where the period is longer than one. */
export function formatTimeIn(
  period: { startMs: number; endMs: number },
  at: string | number,
  zone: string,
  language: Language,
  seconds = false,
): string {
  const time = formatTime(at, zone, language, seconds);
  const isLong = period.endMs - period.startMs > LONG_MS;
  return isLong ? `${formatDay(at, zone, language)} ${time}` : time;
}

/** Write an instant's day: 26 Nov or 26. Nov.; with the year where `year` is set. */
export function formatDay(
  at: string | number,
  zone: string,
  language: Language,
  year = false,
): string {
  return format(at, zone, language, {
    day: "numeric",
    month: "short",
    ...(year ? { year: "numeric" } : {}),
  });
}

/** Write an instant's day and time; the year where it is not that of `nowMs`. */
export function formatDayTime(
  at: string | number,
  zone: string,
  language: Language,
  nowMs = Date.now(),
): string {
  const isOld = yearOf(at, zone) !== yearOf(nowMs, zone);
  return `${formatDay(at, zone, language, isOld)} ${formatTime(at, zone, language)}`;
}

/** Write a span with its zone once: 30 Nov 06:00–14:00 CET, or 29 Nov 22:00 – 30 Nov 06:00 CET. */
export function formatSpan(
  start: string | number,
  end: string | number,
  zone: string,
  language: Language,
  nowMs = Date.now(),
): string {
  const from = formatDayTime(start, zone, language, nowMs);
  const first = zoneName(start, zone, language);
  const last = zoneName(end, zone, language);
  if (dayOf(start, zone) === dayOf(end, zone) && first === last) {
    return `${from}–${formatTime(end, zone, language)} ${last}`;
  }
  const to = formatDayTime(end, zone, language, nowMs);
  return first === last ? `${from} – ${to} ${last}` : `${from} ${first} – ${to} ${last}`;
}

/** Write the abbreviation of a zone at an instant: CET or MEZ. */
export function zoneName(at: string | number, zone: string, language: Language): string {
  const name =
    new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeZoneName: "short" })
      .formatToParts(instant(at))
      .find((part) => part.type === "timeZoneName")?.value ?? zone;
  return language === "de" ? (GERMAN_ZONES[name] ?? name) : name;
}

/** Return the calendar day of an instant in a zone, as 2026-11-30. */
export function dayOf(at: string | number, zone: string): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format(instant(at));
}

function yearOf(at: string | number, zone: string): string {
  return dayOf(at, zone).slice(0, 4);
}

/** Return the display name of a plant, else the last part of a path: `presse-7` of nordwerk/zwick-2/presswerk/halle-2/presse-7. */
export function nameOf(path: string): string {
  return plantName(path) ?? path.slice(path.lastIndexOf("/") + 1);
}

/** Return the name of whoever changed something: people are written as `user:eva`. */
export function personOf(name: string): string {
  return name.replace(/^user:/, "");
}

function format(
  at: string | number,
  zone: string,
  language: Language,
  options: Intl.DateTimeFormatOptions,
): string {
  return new Intl.DateTimeFormat(localeOf(language), {
    timeZone: zone,
    hourCycle: hasTwelveHours(zone) ? "h12" : "h23",
    ...options,
  }).format(instant(at));
}

function instant(at: string | number): Date {
  return new Date(at);
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

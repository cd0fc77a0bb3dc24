/** A calendar document as its form has it. What the form does not know stays as it is. */
export interface ShiftDraft {
  id: number;
  name: string;
  start: string;
  end: string;
  days: number[];
  breaks: string;
  team: string;
}
export interface ExceptionDraft {
  id: number;
  date: string;
  closed: boolean;
  name: string;
  start: string;
  end: string;
}
export interface CalendarDraft {
  timeZone: string;
  cycleDays: number;
  anchor: string;
  shifts: ShiftDraft[];
  exceptions: ExceptionDraft[];
  country: string;
  subdivision: string;
  /** Exceptions of holidays, which the API makes anew, and those that the form cannot show. */
  others: unknown[];
  holidays: Readonly<Record<string, unknown>>;
}
type Fields = Readonly<Record<string, unknown>>;
let lastId = 0;

export function newId(): number {
  lastId += 1;
  return lastId;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Return the form of a document; of none, a week with one early shift. */
export function draftOf(document: Fields | undefined, zone: string): CalendarDraft {
  const exceptions = listOf(document?.exceptions);
  const shown = exceptions.flatMap((entry) => exceptionOf(entry) ?? []);
  const holidays = isFields(document?.holidays) ? document.holidays : {};
  return {
    timeZone: textOf(document?.time_zone) || zone,
    cycleDays: typeof document?.cycle_days === "number" ? document.cycle_days : 7,
    anchor: textOf(document?.anchor) || "2026-01-05",
    shifts:
      document === undefined
        ? [newShift()]
        : listOf(document.shifts).flatMap((entry) => (isFields(entry) ? [shiftOf(entry)] : [])),
    exceptions: shown,
    country: textOf(holidays.country),
    subdivision: textOf(holidays.subdivision),
    others: exceptions.filter((entry) => exceptionOf(entry) === undefined),
    holidays,
  };
}

export function newShift(): ShiftDraft {
  return {
    id: newId(),
    name: "early",
    start: "06:00",
    end: "14:00",
    days: [0, 1, 2, 3, 4],
    breaks: "",
    team: "",
  };
}

export function newException(date: string): ExceptionDraft {
  return { id: newId(), date, closed: true, name: "extra", start: "06:00", end: "14:00" };
}

function shiftOf(entry: Fields): ShiftDraft {
  return {
    id: newId(),
    name: textOf(entry.name),
    start: textOf(entry.start),
    end: textOf(entry.end),
    days: listOf(entry.days).flatMap((day) => (typeof day === "number" ? [day] : [])),
    breaks: listOf(entry.breaks)
      .map((pause) => listOf(pause).map(textOf).join("–"))
      .join(", "),
    team: textOf(entry.team),
  };
}

/** A closed day, or one with one shift without breaks; undefined: the form cannot show it. */
function exceptionOf(entry: unknown): ExceptionDraft | undefined {
  if (!isFields(entry) || entry.holiday === true) return undefined;
  const base = newException(textOf(entry.date));
  if (entry.closed === true) return base;
  const [shift, ...more] = listOf(entry.shifts);
  if (!isFields(shift) || more.length > 0 || listOf(shift.breaks).length > 0) return undefined;
  return {
    ...base,
    closed: false,
    name: textOf(shift.name),
    start: textOf(shift.start),
    end: textOf(shift.end),
  };
}

/** Read `09:00–09:15, 12:00-12:30`. What cannot be read goes to the API, which refuses it. */
function breaksOf(text: string): string[][] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => part.split(/\s*[–-]\s*/));
}

export function documentOf(draft: CalendarDraft): Record<string, unknown> {
  const { country, subdivision, holidays } = draft;
  const exceptions = [
    ...draft.others,
    ...draft.exceptions.map(({ date, closed, name, start, end }) =>
      closed ? { date, closed: true } : { date, shifts: [{ name, start, end }] },
    ),
  ];
  const { subdivision: _, ...rest } = holidays;
  return {
    time_zone: draft.timeZone,
    cycle_days: draft.cycleDays,
    anchor: draft.anchor,
    shifts: draft.shifts.map(({ name, start, end, days, breaks, team }) => ({
      name,
      start,
      end,
      days: [...days].sort((left, right) => left - right),
      breaks: breaksOf(breaks),
      ...(team === "" ? {} : { team }),
    })),
    exceptions,
    ...(country === ""
      ? {}
      : { holidays: { ...rest, country, ...(subdivision === "" ? {} : { subdivision }) } }),
  };
}

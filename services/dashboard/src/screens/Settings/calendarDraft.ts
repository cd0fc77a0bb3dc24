/** A calendar document as its form has it. What the form does not know stays as it is. */
type Fields = Readonly<Record<string, unknown>>;

export interface ShiftDraft {
  id: number;
  name: string;
  start: string;
  end: string;
  days: number[];
  breaks: string;
  team: string;
  /** As it was in the document: what the form does not know of it stays. */
  of: Fields;
}
export interface ExceptionDraft {
  id: number;
  date: string;
  closed: boolean;
  name: string;
  start: string;
  end: string;
  of: Fields;
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
  holidays: Fields;
  of: Fields;
}
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
    of: document ?? {},
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
    of: {},
  };
}

export function newException(date: string): ExceptionDraft {
  return { id: newId(), date, closed: true, name: "extra", start: "06:00", end: "14:00", of: {} };
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
    of: entry,
  };
}

/** A closed day, or one with one shift without breaks; undefined: the form cannot show it. */
function exceptionOf(entry: unknown): ExceptionDraft | undefined {
  if (!isFields(entry) || entry.holiday === true) return undefined;
  const base = { ...newException(textOf(entry.date)), of: entry };
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

/** Return the document that is sent, with all that the form does not show as it was. */
export function documentOf(draft: CalendarDraft): Record<string, unknown> {
  const { holidays: _, ...rest } = draft.of;
  const holidays = holidaysOf(draft);
  // Without a country the API makes no holidays; nobody else takes away those that it made.
  const isFreed = holidays === undefined && textOf(draft.holidays.country) !== "";
  const others = draft.others.filter(
    (entry) => !(isFreed && isFields(entry) && entry.holiday === true),
  );
  const exceptions = [...others, ...draft.exceptions.map(exceptionEntry)];
  return {
    ...rest,
    time_zone: draft.timeZone,
    cycle_days: draft.cycleDays,
    anchor: draft.anchor,
    shifts: draft.shifts.map(shiftEntry),
    exceptions,
    ...(holidays === undefined ? {} : { holidays }),
  };
}

function shiftEntry({ of, name, start, end, days, breaks, team }: ShiftDraft): Fields {
  const { team: _, ...rest } = of;
  return {
    ...rest,
    name,
    start,
    end,
    days: [...days].sort((left, right) => left - right),
    breaks: breaksOf(breaks),
    ...(team === "" ? {} : { team }),
  };
}

/** A closed day keeps its name; a shift of a day its team. */
function exceptionEntry({ of, date, closed, name, start, end }: ExceptionDraft): Fields {
  const { closed: _, shifts, ...rest } = of;
  if (closed) return { ...rest, date, closed: true };
  const [former] = listOf(shifts);
  return { ...rest, date, shifts: [{ ...(isFields(former) ? former : {}), name, start, end }] };
}

/** The holidays of the form. Without a country there are none. */
function holidaysOf({ country, subdivision, holidays }: CalendarDraft): Fields | undefined {
  if (country === "") return undefined;
  const { subdivision: _, ...rest } = holidays;
  return { ...rest, country, ...(subdivision === "" ? {} : { subdivision }) };
}

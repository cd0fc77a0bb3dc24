import { expect, test } from "vitest";
import { documentOf, draftOf } from "./calendarDraft";

const DOCUMENT = {
  time_zone: "Europe/Berlin",
  cycle_days: 7,
  anchor: "2026-01-05",
  shifts: [
    {
      name: "early",
      start: "06:00",
      end: "14:00",
      days: [0, 1, 2, 3, 4],
      breaks: [
        ["09:00", "09:15"],
        ["12:00", "12:30"],
      ],
      team: "A",
    },
  ],
  exceptions: [
    { date: "2026-12-25", closed: true, holiday: true, name: "Christmas" },
    {
      date: "2027-02-01",
      shifts: [{ name: "a", start: "06:00", end: "08:00", breaks: [["07:00", "07:15"]] }],
    },
    { date: "2026-12-24", closed: true, name: "Christmas Eve" },
    {
      date: "2027-01-30",
      name: "inventory",
      shifts: [{ name: "extra", start: "06:00", end: "12:00", team: "B" }],
    },
  ],
  holidays: { country: "DE", subdivision: "NI", years: [2026, 2028], language: "de" },
};

test("a document stays as it is through the form, also what the form cannot show", () => {
  expect(documentOf(draftOf(DOCUMENT, "UTC"))).toEqual(DOCUMENT);
});

test("breaks are read with a dash or a hyphen", () => {
  const draft = draftOf(DOCUMENT, "UTC");
  const [shift] = draft.shifts;
  if (shift === undefined) throw new Error("no shift");
  const changed = { ...draft, shifts: [{ ...shift, breaks: "10:00-10:15,13:00 – 13:30" }] };
  expect(documentOf(changed).shifts).toMatchObject([
    {
      breaks: [
        ["10:00", "10:15"],
        ["13:00", "13:30"],
      ],
    },
  ]);
});

test("without a country there are no holidays; a new calendar is a week in the plant's zone", () => {
  const draft = draftOf(undefined, "America/Mexico_City");
  expect(documentOf(draft)).toMatchObject({ time_zone: "America/Mexico_City", cycle_days: 7 });
  const freed = documentOf({ ...draftOf(DOCUMENT, "UTC"), country: "" });
  expect(freed).not.toHaveProperty("holidays");
  expect(JSON.stringify(freed)).not.toContain("holiday");
});

test("a changed day keeps its name and the team of its shift", () => {
  const draft = draftOf(DOCUMENT, "UTC");
  const exceptions = draft.exceptions.map((day) => ({ ...day, end: "13:00" }));
  expect(documentOf({ ...draft, exceptions }).exceptions).toContainEqual({
    date: "2027-01-30",
    name: "inventory",
    shifts: [{ name: "extra", start: "06:00", end: "13:00", team: "B" }],
  });
  const opened = draft.exceptions.map((day) => ({ ...day, closed: false }));
  expect(documentOf({ ...draft, exceptions: opened }).exceptions).toContainEqual({
    date: "2026-12-24",
    name: "Christmas Eve",
    shifts: [{ name: "extra", start: "06:00", end: "14:00" }],
  });
});

test("what a later version of the platform added to a calendar stays", () => {
  const later = {
    ...DOCUMENT,
    note: "works council, 3 March",
    shifts: [{ ...DOCUMENT.shifts[0], colour: "blue" }],
  };
  expect(documentOf(draftOf(later, "UTC"))).toEqual(later);
});

import { queryOptions } from "@tanstack/react-query";
import { pathPart } from "./addresses";
import { api, bodyOf, type Schemas } from "./client";
import { NAMES_S, polled } from "./polling";

export type Calendars = Schemas["CalendarsView"];
export type CalendarVersion = Schemas["CalendarView"];
export type CalendarChange = Schemas["CalendarChangeView"];
export type NewCalendar = Schemas["NewCalendar"];
export type ShiftOfDay = Schemas["ShiftView"];

/** What a change of calendars makes old: every number over planned time. */
export const CALENDAR_KEYS = [
  ["calendars"],
  ["shifts"],
  ["plants"],
  ["audit"],
  ["overview"],
  ["kpi_values"],
] as const;

export function calendars(path: string) {
  return queryOptions({
    queryKey: ["calendars", path],
    queryFn: ({ signal }) =>
      bodyOf(api.GET("/api/v1/equipment/{path}/calendars", { signal, params: { path: { path } } })),
    ...polled(NAMES_S),
  });
}

export async function previewCalendar(path: string, body: NewCalendar): Promise<CalendarChange> {
  return bodyOf(
    api.POST("/api/v1/equipment/{path}/calendars:preview", { params: { path: { path } }, body }),
  );
}

export async function setCalendar(path: string, body: NewCalendar): Promise<CalendarChange> {
  return bodyOf(
    api.PUT("/api/v1/equipment/{path}/calendars", { params: { path: { path } }, body }),
  );
}

export async function deleteCalendar(
  path: string,
  validFrom: string,
  reason: string,
): Promise<CalendarChange> {
  return bodyOf(
    api.DELETE("/api/v1/equipment/{path}/calendars", {
      params: {
        path: { path },
        query: { valid_from: validFrom, ...(reason === "" ? {} : { reason }) },
      },
    }),
  );
}

/** Read an iCalendar file into a calendar document; nothing is stored. */
export async function importCalendar(path: string, text: string): Promise<CalendarChange> {
  return bodyOf(
    api.POST("/api/v1/equipment/{path}/calendars:import", {
      params: { path: { path } },
      body: text,
      bodySerializer: (body) => body,
      headers: { "Content-Type": "text/calendar" },
    }),
  );
}

/** The address of the shifts of a year as an iCalendar file. */
export function calendarAddress(path: string): string {
  return `/api/v1/equipment/${pathPart(path)}/calendars.ics`;
}

export type PlantChange = Schemas["EquipmentChange"];

/** What a change of a plant's name, language or clock makes old: every name and time. */
export const PLANT_KEYS = [["plants"], ["equipment"], ["audit"]] as const;

export async function changePlant(path: string, body: PlantChange): Promise<void> {
  await bodyOf(api.PATCH("/api/v1/equipment/{path}", { params: { path: { path } }, body }));
}

import { afterEach, expect, test } from "vitest";
import { formatTime, nameOf } from "./format";
import { rememberPlants } from "./plantHabits";

const CHATT = {
  path: "nordwerk/chatt-6",
  name: "Chattanooga",
  time_zone: "America/New_York",
  clock: "12h",
};
afterEach(() => rememberPlants([]));

test("a plant has its display name, what is below it the end of its path", () => {
  expect(nameOf("nordwerk/chatt-6")).toBe("chatt-6");
  rememberPlants([CHATT]);
  expect(nameOf("nordwerk/chatt-6")).toBe("Chattanooga");
  expect(nameOf("nordwerk/chatt-6/press")).toBe("press");
});

test("twelve hours are of the plant's zone alone", () => {
  rememberPlants([CHATT]);
  const at = "2026-11-30T20:05:00Z";
  expect(formatTime(at, "America/New_York", "en")).toMatch(/^0?3:05\spm$/);
  expect(formatTime(at, "Europe/Berlin", "en")).toBe("21:05");
});

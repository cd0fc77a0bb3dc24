import { expect, it } from "vitest";
import { oneZoneOf, type Plant, rootsOf, zoneOf } from "./plants";

function plant(path: string, zone: string): Plant {
  return {
    path,
    name: path,
    time_zone: zone,
    language: null,
    clock: null,
    has_shift_calendar: true,
    machines: 1,
  };
}
const ALL = [plant("g/emden-1", "Europe/Berlin"), plant("g/pueb-5", "America/Mexico_City")];

it.each([
  ["g/emden-1/body/line-2", "Europe/Berlin"],
  ["g/pueb-5", "America/Mexico_City"],
  ["g/pueb-51/line", "UTC"],
  ["g", "UTC"],
])("finds the zone of %s", (path, zone) => {
  expect(zoneOf(ALL, path)).toBe(zone);
});

it("begins at the plants of a person, else at the roots of all", () => {
  expect(rootsOf(ALL, null)).toEqual(["g"]);
  expect(rootsOf(ALL.slice(1), ["g/pueb-5"])).toEqual(["g/pueb-5"]);
});

it("has one zone for several places where they share it, else UTC", () => {
  expect(oneZoneOf(ALL)).toBe("UTC");
  expect(oneZoneOf(ALL.slice(0, 1))).toBe("Europe/Berlin");
  expect(oneZoneOf(ALL, ["g"])).toBe("UTC");
  expect(oneZoneOf(ALL, ["g/emden-1/body", "g/emden-1"])).toBe("Europe/Berlin");
  expect(oneZoneOf([])).toBe("UTC");
});

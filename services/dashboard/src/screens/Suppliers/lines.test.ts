import { describe, expect, it } from "vitest";
import type { DueLine } from "../../api/suppliers";
import { stateOf, zoneOfSite } from "./lines";
import { allowanceOf } from "./policy";

const LINE: DueLine = {
  supplier: "lenz",
  material: "M1",
  site: "emden-1",
  dock: "",
  document: "LAB-1",
  order_number: null,
  group_key: "",
  due_from: "2026-11-20T00:00:00Z",
  due_until: "2026-11-21T00:00:00Z",
  window_from: "2026-11-19T00:00:00Z",
  window_until: "2026-11-21T00:00:00Z",
  commitment: null,
  quantity: 10,
  delivered_quantity: 10,
  open_quantity: 0,
  state: "measured",
  late: false,
  is_uncertain: false,
  on_time: true,
  in_full: true,
  delay_s: null,
  first_received_at: null,
  fulfilled_at: null,
  event_ids: [],
  shipment_ids: [],
  receipt_ids: [],
};

describe("a due line", () => {
  it("has one word for what became of it", () => {
    expect(stateOf(LINE)).toBe("ok");
    expect(stateOf({ ...LINE, in_full: false })).toBe("partial");
    expect(stateOf({ ...LINE, on_time: false, late: true })).toBe("late");
    expect(stateOf({ ...LINE, open_quantity: 4 })).toBe("open");
    expect(stateOf({ ...LINE, open_quantity: 4, late: true })).toBe("overdue");
    expect(stateOf({ ...LINE, is_uncertain: true })).toBe("uncertain");
  });

  it("is not late for having come early, or before its window ends", () => {
    expect(stateOf({ ...LINE, on_time: false })).toBe("early");
    expect(stateOf({ ...LINE, state: "open", on_time: null, in_full: null })).toBe("delivered");
  });
});

describe("an allowance of a policy", () => {
  it("is a number of hours, days or business days", () => {
    expect(allowanceOf("4h")).toEqual({ count: 4, unit: "h" });
    expect(allowanceOf("2bd")).toEqual({ count: 2, unit: "bd" });
    expect(allowanceOf("?")).toEqual({ count: 0, unit: "h" });
  });
});

it("has the clock of its site, where days end at other instants than in the list's zone", () => {
  const plants = [
    { path: "nordwerk/emden-1", time_zone: "Europe/Berlin" },
    { path: "nordwerk/pueb-5", time_zone: "America/Mexico_City" },
  ];
  expect(zoneOfSite(plants, "pueb-5", "UTC")).toBe("America/Mexico_City");
  expect(zoneOfSite(plants, "5", "Europe/Berlin")).toBe("Europe/Berlin");
  expect(zoneOfSite(plants, null, "Europe/Berlin")).toBe("Europe/Berlin");
});

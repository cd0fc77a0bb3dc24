import { describe, expect, it } from "vitest";
import type { PartSupply } from "../../api/warehouse";
import { filledShare, firstStop } from "./parts";

function part(material: string, stops_at: string | null): PartSupply {
  return {
    warehouse: "em-l1",
    material,
    description: "",
    unit: "PCE",
    stock: 1,
    demand: 1,
    days_of_supply: 1,
    at_least: false,
    reason: null,
    stock_note: null,
    runs_out_at: null,
    next_arrival: null,
    stops_at,
    stops_until: null,
    minutes_at_risk: 0,
    lines: [],
  };
}

describe("the parts of a warehouse", () => {
  it("names the part whose shortage stops a line first, whatever its zone is written as", () => {
    const parts = [
      part("calm", null),
      part("later", "2026-11-30T13:00:00+01:00"),
      part("first", "2026-11-30T11:30:00Z"),
    ];
    expect(firstStop(parts)?.material).toBe("first");
    expect(firstStop([part("calm", null)])).toBeUndefined();
  });

  it("fills its bar at five days", () => {
    expect([-1, 0, 2.5, 5, 60].map(filledShare)).toEqual([0, 0, 0.5, 1, 1]);
  });
});

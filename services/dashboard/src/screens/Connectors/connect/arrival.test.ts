import { describe, expect, it } from "vitest";
import type { Connector } from "../../../api/connectors";
import { arrivalOf, lacksPlace, placedIn } from "./arrival";

const FILE = `connector: cell-8
mapping:
  name: cell-8
  version: 1
  time_zone: Europe/Berlin
  rules:
    - source: nsu=urn:plant:cells;s=Cell.Temp
      equipment: enterprise/plant/area/line/cell
      signal: temp
    - {source: s=Cell.State, equipment: enterprise/plant/area/line/cell, signal: state}
    - source: nsu=urn:x;s=enterprise/plant/area/line/other
      equipment: nordwerk/emden-1/body/line-2/cell-7
`;

describe("the line of a suggested file", () => {
  it("is put in place of what the suggestion could not know, and there alone", () => {
    const placed = placedIn(FILE, "acme/puebla-1/body/line-1", "America/Mexico_City");
    expect(placed.match(/acme\/puebla-1\/body\/line-1\/cell/g)).toHaveLength(2);
    expect(placed).toContain("  time_zone: America/Mexico_City\n");
    expect(placed).toContain("s=enterprise/plant/area/line/other");
    expect(placed).toContain("nordwerk/emden-1/body/line-2/cell-7");
    expect([lacksPlace(FILE), lacksPlace(placed), lacksPlace(FILE)]).toEqual([true, false, true]);
  });
});

describe("a new connector", () => {
  const made = (more: Partial<Connector>) =>
    ({
      id: "cell-8",
      state: "running",
      errors: [],
      quarantined: 0,
      last_good_at: null,
      ...more,
    }) as Connector;
  const error = { code: "x", text: "x", hint: "", detail: "", fields: {} };

  it("is live once it runs and a good value has come", () => {
    expect(arrivalOf(undefined)).toEqual({ is: "absent" });
    expect(arrivalOf(made({ state: "starting" }))).toEqual({ is: "connecting" });
    expect(arrivalOf(made({ state: "rejected", errors: [error] }))).toMatchObject({ is: "fails" });
    expect(arrivalOf(made({ quarantined: 3 }))).toEqual({ is: "empty", refused: 3 });
    expect(arrivalOf(made({ last_good_at: "2026-11-30T06:00:00Z" }))).toEqual({
      is: "live",
      refused: 0,
    });
  });
});

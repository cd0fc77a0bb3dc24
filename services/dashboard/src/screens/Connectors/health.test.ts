import { describe, expect, it } from "vitest";
import type { Connector } from "../../api/connectors";
import { countsOf, isEndingSoon, splitFeeds, stateWord, worstSkew } from "./health";

function made(id: string, state: string, more: Partial<Connector> = {}): Connector {
  return { id, state, kind: "live", errors: [], open_gaps: 0, ...more } as Connector;
}

const silentEdge = {
  code: "connector.edge_silent",
  fields: {},
  text: "",
  hint: "",
  detail: "",
};

describe("the order of connectors", () => {
  it("has silent ones first and finished history apart", () => {
    const { live, history } = splitFeeds([
      made("b", "running"),
      made("a", "running", { open_gaps: 2 }),
      made("h", "finished", { kind: "history" }),
      made("c", "rejected"),
      made("d", "silent", { errors: [silentEdge] }),
      made("e", "silent"),
      made("g", "connecting", { kind: "history" }),
    ]);
    expect(live.map(({ id }) => id)).toEqual(["d", "e", "c", "g", "a", "b"]);
    expect(history.map(({ id }) => id)).toEqual(["h"]);
    expect(countsOf(live)).toEqual({ needing: 4, stopped: 0 });
  });

  it("needs nobody for one that was stopped on purpose", () => {
    const live = [made("a", "running"), made("b", "stopped"), made("c", "failed")];
    expect(countsOf(live)).toEqual({ needing: 1, stopped: 1 });
  });
});

describe("a state", () => {
  it("tells an edge that is silent from a source that is", () => {
    expect(stateWord(made("a", "silent"))).toBe("silent");
    expect(stateWord(made("a", "silent", { errors: [silentEdge] }))).toBe("edgeSilent");
    expect(stateWord(made("a", "of a later version"))).toBe("other");
  });
});

describe("what is worth a look", () => {
  it("is a certificate that ends within a month, or has ended", () => {
    expect([null, 30, 29, -1].map(isEndingSoon)).toEqual([false, false, true, true]);
  });

  it("is the clock that is further off", () => {
    expect(worstSkew({ clock_skew_s: -3, edge_clock_skew_s: 1 })).toBe(-3);
    expect(worstSkew({ clock_skew_s: null, edge_clock_skew_s: 1 })).toBe(1);
    expect(worstSkew({ clock_skew_s: null, edge_clock_skew_s: null })).toBeNull();
  });
});

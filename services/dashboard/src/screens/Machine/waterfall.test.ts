import { describe, expect, it } from "vitest";
import type { Schemas } from "../../api/client";
import { waterfallOf } from "./waterfall";

type LossTimes = Schemas["LossTimesView"];
type Step = LossTimes["steps"][number];

const step = (name: Step["name"], seconds: number): Step => ({ name, seconds, share: null });

function part(
  category: string,
  of: LossTimes["parts"][number]["step"],
  seconds: number,
  kind: LossTimes["parts"][number]["kind"] = "loss",
): LossTimes["parts"][number] {
  return {
    category,
    step: of,
    seconds,
    kind,
    parent: null,
    big_loss: null,
    description: "",
    share: null,
    stops: 0,
    pieces: null,
    costs: [],
  };
}

function times(steps: Step[], parts: LossTimes["parts"]): LossTimes {
  return {
    equipment: "a/b",
    start: "2026-11-30T05:00:00Z",
    end: "2026-11-30T13:00:00Z",
    time_zone: "Europe/Berlin",
    steps,
    parts,
    loss_s: 0,
    not_judged_s: 0,
    kpi: { name: "oee", value: null, reason: null, good_s: 0, judged_s: 0 },
    supply_caused: [],
    stop_s: 0,
    untagged_s: 0,
    untagged_share: null,
    provisional: false,
    computed_at: null,
    no_data: false,
  };
}

describe("the waterfall", () => {
  it("puts each loss before the next step, which begins where the losses end", () => {
    const rows = waterfallOf(
      times(
        [step("busy", 100), step("production", 70)],
        [part("malfunction", "busy", 20), part("unknown", "busy", 10, "not_judged")],
      ),
    );
    expect(rows.map(({ kind, name, from, length }) => [kind, name, from, length])).toEqual([
      ["step", "busy", 0, 1],
      ["loss", "malfunction", 0.8, 0.2],
      ["not_judged", "unknown", 0.7, 0.1],
      ["step", "production", 0, 0.7],
    ]);
  });

  it("shows a gain, so that the steps still add up", () => {
    const rows = waterfallOf(
      times([step("production", 80), step("net", 84)], [part("speed", "production", -4)]),
    );
    expect(rows[1]).toMatchObject({ kind: "gain", seconds: -4, from: 1, length: 0.05 });
  });

  it("leaves out parts of no time, and is empty without any time", () => {
    const without = [part("idle", "busy", 0)];
    expect(waterfallOf(times([step("busy", 9), step("production", 9)], without))).toHaveLength(2);
    expect(waterfallOf(times([step("calendar", 0)], []))).toEqual([]);
    expect(waterfallOf(times([], []))).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import { bodyOfDraft, draftOf, NEW_DRAFT, type Saved, wrongStep } from "./form";

const TARGET: Saved = {
  key: "third",
  name: "One third",
  under: ["nordwerk"],
  goal: 0.3333,
  due_on: "2027-12-31",
  baseline: { start: "2026-01-01T00:00:00+01:00", end: "2026-02-01T00:00:00+01:00" },
  path: "steps",
  steps: [
    { due_on: "2026-06-30", change: -0.02 },
    { due_on: "2027-06-30", change: 0.1 },
  ],
  output: "good_parts",
  input: "machine_hours",
  now_days: 28,
};

describe("a target in its form", () => {
  it("is sent as it was, with all its steps, also those below the baseline", () => {
    const draft = draftOf(TARGET, ["nordwerk"]);
    expect(draft.steps).toBe("2026-06-30 -2\n2027-06-30 10");
    expect(wrongStep(draft.steps)).toBeUndefined();
    expect(bodyOfDraft(draft)).toMatchObject({
      goal: 0.3333,
      baseline_start: TARGET.baseline.start,
      baseline_end: TARGET.baseline.end,
      steps: TARGET.steps,
    });
    expect([draft.baselineStart, draft.baselineEnd]).toEqual(["2026-01-01", "2026-01-31"]);
  });

  it("keeps a baseline that begins within a day, until its days change", () => {
    const baseline = { start: "2026-01-01T06:00:00+01:00", end: "2026-01-08T06:00:00+01:00" };
    const draft = draftOf({ ...TARGET, baseline }, []);
    expect(bodyOfDraft(draft)).toMatchObject({
      baseline_start: baseline.start,
      baseline_end: baseline.end,
    });
    expect(bodyOfDraft({ ...draft, baselineEnd: "2026-01-14" })).toMatchObject({
      baseline_start: "2026-01-01",
      baseline_end: "2026-01-15",
    });
  });

  it("names the line of the steps that cannot be read", () => {
    expect(wrongStep("2026-06-30 5\n\nsoon 10")).toBe(3);
    expect(wrongStep("2026-06-30 −2,5 %")).toBeUndefined();
    expect(bodyOfDraft({ ...NEW_DRAFT, path: "steps", steps: "2026-06-30 −2,5 %" }).steps).toEqual([
      { due_on: "2026-06-30", change: -0.025 },
    ]);
  });
});

import { expect, test } from "vitest";
import type { Contribution } from "../../api/targets";
import { partsBy, waterfallOf } from "./waterfall";

function contribution(
  plant: string | null,
  loss: string,
  gap_points: number,
  change_points = 0,
): Contribution {
  return {
    plant,
    line: plant === null ? null : `${plant}/halle-1/linie-1`,
    loss,
    detail: null,
    baseline_share: null,
    share: null,
    budget_share: null,
    gap_points,
    change_points,
    potential_points: 0,
  };
}
const GAP = [
  contribution("nordwerk/emden-1", "set_up", 9.1, 1),
  contribution("nordwerk/zwick-2", "set_up", 3, -0.5),
  contribution("nordwerk/zwick-2", "speed", -2.3),
  contribution(null, "input", 2.5),
];

test("parts of a loss add up over plants, the largest first", () => {
  expect(partsBy(GAP, "loss")).toEqual([
    { name: "set_up", gapPoints: 12.1, changePoints: 0.5 },
    { name: "input", gapPoints: 2.5, changePoints: 0 },
    { name: "speed", gapPoints: -2.3, changePoints: 0 },
  ]);
  expect(partsBy(GAP, "plant").map((part) => part.name)).toEqual([
    "nordwerk/emden-1",
    undefined,
    "nordwerk/zwick-2",
  ]);
});

test("every division begins at today's change and ends at the goal", () => {
  for (const by of ["loss", "plant", "line"] as const) {
    const bars = waterfallOf(partsBy(GAP, by), 21, 33.3);
    const sum = bars.filter((bar) => bar.kind === "part").reduce((all, bar) => all + bar.points, 0);
    expect(sum).toBeCloseTo(12.3, 9);
    const goal = bars.at(-1);
    const last = bars.at(-2);
    const ends = last && last.points > 0 ? last.from + last.length : last?.from;
    expect(ends).toBeCloseTo((goal?.from ?? 0) + (goal?.length ?? 0), 9);
  }
});

test("small parts are one row, and nothing is lost", () => {
  const many = Array.from({ length: 30 }, (_, index) =>
    contribution("nordwerk/emden-1", `loss-${index}`, index % 2 === 0 ? index : -index / 10),
  );
  const parts = partsBy(many, "loss");
  const total = parts.reduce((sum, part) => sum + part.gapPoints, 0);
  const bars = waterfallOf(parts, 0, total, 6);
  expect(bars.map((bar) => bar.kind)).toEqual([
    "now",
    "part",
    "part",
    "part",
    "part",
    "part",
    "rest",
    "goal",
  ]);
  const sum = bars.slice(1, -1).reduce((all, bar) => all + bar.points, 0);
  expect(sum).toBeCloseTo(total, 9);
});

test("a change below the baseline begins left of zero", () => {
  const [now, part, goal] = waterfallOf(
    [{ name: "set_up", gapPoints: 15, changePoints: -5 }],
    -5,
    10,
  );
  expect(now).toMatchObject({ from: 0, length: 5 / 15 });
  expect(part).toMatchObject({ from: 0, length: 1 });
  expect(goal).toMatchObject({ from: 5 / 15, length: 10 / 15 });
});

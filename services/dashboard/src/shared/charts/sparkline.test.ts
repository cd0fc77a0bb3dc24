import { expect, it } from "vitest";
import { extent } from "./extent";
import { HEIGHT, sparkRuns, WIDTH } from "./sparkline";

it("breaks the line where a value is missing", () => {
  const runs = sparkRuns([null, 0.7, 0.8, null, 0.6]);
  expect(runs.map((run) => run.length)).toEqual([2, 1]);
  expect(runs[0]?.[0]?.x).toBe(WIDTH / 4);
  expect(runs[1]?.[0]?.x).toBe(WIDTH);
});

it("draws the greatest value highest, a flat line in the middle, nothing of nothing", () => {
  const [run] = sparkRuns([0.5, 0.9]);
  expect(run?.[1]?.y).toBeLessThan(run?.[0]?.y ?? 0);
  expect(sparkRuns([0.5, 0.5])[0]?.[0]?.y).toBe(HEIGHT / 2);
  expect(sparkRuns([null, null])).toEqual([]);
  expect(sparkRuns([0.4])[0]).toEqual([{ x: WIDTH, y: HEIGHT / 2 }]);
});

it("takes the extent of what is there", () => {
  expect(extent([null, -1, 3])).toEqual([-1, 3]);
  expect(extent([])).toEqual([0, 0]);
});

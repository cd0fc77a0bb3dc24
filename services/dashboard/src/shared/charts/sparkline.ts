/** The geometry of a spark: points in a box of WIDTH × HEIGHT; a missing value is a gap. */
import { extent } from "./extent";

export const WIDTH = 100;
export const HEIGHT = 32;
const MARGIN = 3;

export interface SparkPoint {
  x: number;
  y: number;
}

/** Return the runs of neighbouring values, oldest first; a flat line lies in the middle. */
export function sparkRuns(values: readonly (number | null)[]): SparkPoint[][] {
  const [low, high] = extent(values);
  const span = high - low;
  const runs: SparkPoint[][] = [];
  let run: SparkPoint[] = [];
  values.forEach((value, index) => {
    if (value === null) {
      if (run.length > 0) runs.push(run);
      run = [];
      return;
    }
    const share = span === 0 ? 0.5 : (value - low) / span;
    const x = values.length === 1 ? WIDTH : (index / (values.length - 1)) * WIDTH;
    run.push({ x, y: HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN) });
  });
  if (run.length > 0) runs.push(run);
  return runs;
}

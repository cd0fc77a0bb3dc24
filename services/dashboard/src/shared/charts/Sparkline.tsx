/** A small line of a value over time, with its words for those who do not see it. */
import styles from "./Sparkline.module.css";
import { HEIGHT, sparkRuns, WIDTH } from "./sparkline";

interface Props {
  values: readonly (number | null)[];
  label: string;
}

export function Sparkline({ values, label }: Props) {
  const runs = sparkRuns(values);
  const last = values.at(-1) === null ? undefined : runs.at(-1)?.at(-1);
  return (
    <svg
      className={styles.spark}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {runs.map((run) => (
        <polyline
          key={run[0]?.x}
          className={styles.line}
          points={run.map(({ x, y }) => `${x},${y}`).join(" ")}
        />
      ))}
      {last === undefined ? null : (
        <rect className={styles.last} x={last.x - 1} y={last.y - 2} width={2} height={4} />
      )}
    </svg>
  );
}

/** The states of a timeline with their exact time and number of pieces, the longest first. */
import { useTranslations } from "use-intl";
import type { MachineState } from "../states";
import { useFormats } from "../useFormats";
import styles from "./StateLegend.module.css";
import { patternOf } from "./StatePatterns";
import { type StateSpan, totalsOf } from "./timeline";

export function StateLegend({ pieces }: { pieces: readonly StateSpan[] }) {
  const states = useTranslations("states");
  const format = useFormats();
  return (
    <ul className={styles.legend}>
      {totalsOf(pieces).map(({ state, seconds, count }) => (
        <li key={state}>
          <Swatch state={state} /> {states(state)} <strong>{format.duration(seconds)}</strong>{" "}
          <span className="second">{count}×</span>
        </li>
      ))}
    </ul>
  );
}

function Swatch({ state }: { state: MachineState }) {
  const pattern = patternOf(state);
  const box = { x: 0.5, y: 0.5, width: 15, height: 15 };
  return (
    <svg className={`${styles.swatch} state-${state}`} aria-hidden="true">
      <rect className={styles[state] ?? styles.plain} {...box} />
      {pattern === undefined ? null : <rect {...box} fill={pattern} />}
    </svg>
  );
}

/** A small square of a state's colour beside its word. */
import { machineState } from "../states";
import styles from "./StateMark.module.css";

export function StateMark({ state }: { state: string }) {
  return <span className={`${styles.mark} state-${machineState(state)}`} aria-hidden="true" />;
}

/** The patterns of the states, once a page: colour is never alone. */
import type { ReactNode } from "react";
import type { MachineState } from "../states";
import styles from "./StatePatterns.module.css";

const SIZE = 8;
const WIDE = 14; // of unknown, which has no colour of its own
const PATTERNS: Partial<Record<MachineState, ReactNode>> = {
  malfunction: <path d="M-2 -2L10 10M-2 6L2 10M6 -2L10 2" />,
  repair: <path d="M0 0L8 8M8 0L0 8" />,
  starved: <path d="M-2 10L10 -2M-2 2L2 -2M6 10L10 6" />,
  blocked: <path d="M0 2H8M0 6H8" />,
  suspended: <path d="M2 0V8M6 0V8" />,
  setup: <path d="M2 1.5V2.5M6 5.5V6.5" strokeWidth={2} />,
  maintenance: <path d="M0 4H8M4 0V8" />,
  unknown: <path d="M-2 16L16 -2" />,
};

export function StatePatterns() {
  return (
    <svg className={styles.hidden} aria-hidden="true" focusable="false">
      <defs>
        {Object.entries(PATTERNS).map(([state, lines]) => (
          <pattern
            key={state}
            id={`pattern-${state}`}
            width={state === "unknown" ? WIDE : SIZE}
            height={state === "unknown" ? WIDE : SIZE}
            patternUnits="userSpaceOnUse"
          >
            <g className={state === "unknown" ? styles.unknown : styles.lines}>{lines}</g>
          </pattern>
        ))}
      </defs>
    </svg>
  );
}

/** Return the fill of a state's pattern; undefined: it is plain. */
export function patternOf(state: MachineState): string | undefined {
  return state in PATTERNS ? `url(#pattern-${state})` : undefined;
}

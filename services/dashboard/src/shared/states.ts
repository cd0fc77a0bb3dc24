/** The states of a machine: how they look, and which is worse. */
export const STATES = [
  "malfunction",
  "repair",
  "starved",
  "blocked",
  "suspended",
  "setup",
  "maintenance",
  "idle",
  "unknown",
  "off",
  "producing",
] as const;
export type MachineState = (typeof STATES)[number];

export function isMachineState(state: string): state is MachineState {
  return STATES.some((known) => known === state);
}

/** Return a state of the page; a state that the page does not know is drawn as unknown. */
export function machineState(state: string): MachineState {
  return isMachineState(state) ? state : "unknown";
}

/** Return how bad a state is: the higher, the further on top it is drawn. */
export function severity(state: MachineState): number {
  return STATES.length - STATES.indexOf(state);
}

/** Categories of time outside the planned busy time, drawn lower. */
const OUTSIDE: readonly string[] = ["pdot", "off_shift"];

export function isOutsidePlan(category: string): boolean {
  return OUTSIDE.includes(category);
}

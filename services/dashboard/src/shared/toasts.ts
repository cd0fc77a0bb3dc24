/** Short news at the bottom of the page: what was done, for some seconds with a way back. */
export interface Toast {
  id: number;
  text: string;
  undo?: () => Promise<void>;
}

const SHOWN_MS = 10_000;
let shown: readonly Toast[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function show(next: readonly Toast[]): void {
  shown = next;
  for (const listener of listeners) listener();
}

/** Show a text for ten seconds; `undo`: what its button does, once. */
export function announce(text: string, undo?: () => Promise<void>): void {
  lastId += 1;
  const id = lastId;
  show([...shown, { id, text, ...(undo === undefined ? {} : { undo }) }]);
  setTimeout(() => dismiss(id), SHOWN_MS);
}

export function dismiss(id: number): void {
  show(shown.filter((toast) => toast.id !== id));
}

/** For `useSyncExternalStore`. */
export const toasts = {
  subscribe(listener: () => void) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  current: () => shown,
};

/** What keeps a form from saving: a field that is not understood, or a save that goes on. */
interface Understood {
  validity?: Pick<ValidityState, "badInput" | "customError">;
}

/** Return the first field whose text means nothing: its value would be taken as empty.
 *
 * What the API refused does not count: it may be saved again.
 */
export function misunderstood<E extends Understood>(fields: Iterable<E>): E | undefined {
  return [...fields].find(({ validity }) => validity?.badInput || validity?.customError);
}

/** Return a task that is not begun again while it goes on. */
export function onceAtATime(task: () => Promise<unknown>): () => Promise<void> {
  let isRunning = false;
  return async () => {
    if (isRunning) return;
    isRunning = true;
    try {
      await task();
    } finally {
      isRunning = false;
    }
  };
}

/** What the API says about a draft before it is saved: it counts only for that draft. */
export interface Looked<D, P> {
  /** What was asked about. */
  of: D;
  /** Undefined: the answer is under way, or a refusal. */
  preview: P | undefined;
}

/** Add an answer to what was asked; one about an older draft comes too late. */
export function answered<D, P>(
  looked: Looked<D, P> | undefined,
  of: D,
  preview: P | undefined,
): Looked<D, P> | undefined {
  return looked !== undefined && Object.is(looked.of, of) ? { of, preview } : looked;
}

/** Whether what was asked is about the draft as it is now. */
export function isAbout<D, P>(looked: Looked<D, P> | undefined, draft: D): boolean {
  return looked !== undefined && Object.is(looked.of, draft);
}

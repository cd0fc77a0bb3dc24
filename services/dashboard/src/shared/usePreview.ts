/** Asks the API what a draft would do; a late answer about another draft is never shown. */
import { useState } from "react";
import { answered, isAbout, type Looked } from "./preview";
import { useAction } from "./useAction";

/** `draft`: compared by identity, so a changed draft has to be another object. */
export function usePreview<D, P>(draft: D, ask: (draft: D) => Promise<P>) {
  const [looked, setLooked] = useState<Looked<D, P>>();
  const action = useAction(ask, { invalidates: [] });
  const isCurrent = isAbout(looked, draft);

  async function look(): Promise<void> {
    setLooked({ of: draft, preview: undefined });
    action.reset();
    const preview = await action.run(draft);
    setLooked((before) => answered(before, draft, preview));
  }
  return {
    look,
    preview: isCurrent ? looked?.preview : undefined,
    isRunning: isCurrent && action.isRunning,
    problem: isCurrent ? action.problem : undefined,
  };
}

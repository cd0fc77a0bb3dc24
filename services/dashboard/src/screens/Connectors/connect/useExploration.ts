/** One request to an edge after the other: runs it, and has why it failed. */
import { useState } from "react";
import {
  type ConnectorError,
  type Exploration,
  explore,
  type NewExploration,
} from "../../../api/connectors";
import { useAction } from "../../../shared/useAction";

export function useExploration(edge: string) {
  const [failure, setFailure] = useState<ConnectorError>();
  const action = useAction((body: NewExploration) => explore(edge, body), { invalidates: [] });
  async function run(body: NewExploration): Promise<Exploration | undefined> {
    setFailure(undefined);
    action.reset();
    const view = await action.run(body);
    if (view !== undefined) setFailure(view.error ?? undefined);
    return view;
  }
  return { run, failure, isRunning: action.isRunning, problem: action.problem };
}

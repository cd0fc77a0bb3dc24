/** One request to an edge after the other: runs it, and has why it failed. */
import { useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import {
  type ConnectorError,
  type Exploration,
  explore,
  type NewExploration,
} from "../../../api/connectors";
import { useAction } from "../../../shared/useAction";

export function useExploration(edge: string) {
  const t = useTranslations("connectors.connect");
  const [failure, setFailure] = useState<ConnectorError>();
  const isShown = useRef(true);
  useEffect(() => {
    isShown.current = true;
    return () => {
      isShown.current = false;
    };
  }, []);
  const action = useAction((body: NewExploration) => explore(edge, body, () => isShown.current), {
    invalidates: [],
  });
  async function run(body: NewExploration): Promise<Exploration | undefined> {
    setFailure(undefined);
    action.reset();
    const view = await action.run(body);
    if (view === "unanswered") {
      const [text, hint] = [t("unanswered"), t("unansweredHint")];
      setFailure({ code: "unanswered", text, hint, detail: "", fields: {} });
      return undefined;
    }
    if (view !== undefined) setFailure(view.error ?? undefined);
    return view;
  }
  return { run, failure, isRunning: action.isRunning, problem: action.problem };
}

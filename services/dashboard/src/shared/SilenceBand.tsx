/** A band over the page while the API does not answer: what is shown below is old. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { ApiProblem, UNREACHABLE } from "../api/client";
import styles from "./SilenceBand.module.css";
import { useFormats } from "./useFormats";

const CHECK_MS = 1000;

const SILENT_MS = 60_000;

interface Props {
  /** Whether a minute without an answer is silence, too: a screen on a wall asks all the time. */
  isStrict?: boolean;
}

export function SilenceBand({ isStrict = false }: Props) {
  const t = useTranslations("common");
  const format = useFormats(Intl.DateTimeFormat().resolvedOptions().timeZone);
  const lastMs = useLastAnswerWhileSilent(isStrict);
  if (lastMs === undefined) return null;
  const age = format.duration((Date.now() - lastMs) / 1000);
  return (
    <div className={styles.band} role="status">
      {t("staleBand", { time: format.time(lastMs, true), age })}
    </div>
  );
}

/** Return when the last answer came, while the newest request failed; undefined while all is well. */
function useLastAnswerWhileSilent(isStrict: boolean): number | undefined {
  const client = useQueryClient();
  const [, redraw] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => redraw((count) => count + 1), CHECK_MS);
    return () => clearInterval(timer);
  }, []);
  const states = client
    .getQueryCache()
    .getAll()
    .filter((query) => query.isActive())
    .map((query) => query.state);
  const isSilent = states.some(
    ({ error }) =>
      error instanceof ApiProblem && (error.status === UNREACHABLE || error.status >= 502),
  );
  const lastMs = Math.max(0, ...states.map((state) => state.dataUpdatedAt));
  const isLong = isStrict && Date.now() - lastMs > SILENT_MS;
  return (isSilent || isLong) && lastMs > 0 ? lastMs : undefined;
}

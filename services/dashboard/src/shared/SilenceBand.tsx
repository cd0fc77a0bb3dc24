/** A band over the page while the API does not answer: what is shown below is old. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { ApiProblem, UNREACHABLE } from "../api/client";
import { HEALTH } from "../api/health";
import styles from "./SilenceBand.module.css";
import { useFormats } from "./useFormats";
import { useHomeZone } from "./useHomeZone";

const CHECK_MS = 1000;

const SILENT_MS = 60_000;

interface Props {
  /** Whether a minute without an answer is silence, too: a screen on a wall asks all the time. */
  isStrict?: boolean;
}

export function SilenceBand({ isStrict = false }: Props) {
  const t = useTranslations("common");
  const format = useFormats(useHomeZone());
  const silence = useSilence(isStrict);
  const lastMs = silence?.lastMs;
  const time = lastMs === undefined ? "" : `${format.time(lastMs, true)} ${format.zone(lastMs)}`;
  // An API that answers has a reason, such as a database that is away.
  const title = silence?.problem?.message ?? "";
  const since = title === "" ? t("staleSince", { time }) : t("staleReason", { title, time });
  return (
    <div className={lastMs === undefined ? undefined : styles.band}>
      {/* Always there, and without the age: else it is not read out, or each second anew. */}
      <span role="status">{lastMs === undefined ? "" : since}</span>
      {lastMs === undefined ? null : (
        <span>{` ${t("staleAge", { age: format.duration((Date.now() - lastMs) / 1000) })}`}</span>
      )}
    </div>
  );
}

interface Silence {
  lastMs: number;
  problem: ApiProblem | undefined;
}

/** Return when the last answer came, while the newest request failed; undefined while all is well. */
function useSilence(isStrict: boolean): Silence | undefined {
  const client = useQueryClient();
  const [, redraw] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => redraw((count) => count + 1), CHECK_MS);
    return () => clearInterval(timer);
  }, []);
  const active = client
    .getQueryCache()
    .getAll()
    .filter((query) => query.isActive());
  const problem = active
    .map(({ state }) => state.error)
    .filter((error) => error instanceof ApiProblem)
    .find(({ status }) => status === UNREACHABLE || status >= 502);
  const picture = active.filter(({ queryKey }) => queryKey[0] !== HEALTH);
  const lastMs = Math.max(0, ...picture.map(({ state }) => state.dataUpdatedAt));
  const isLong = isStrict && Date.now() - lastMs > SILENT_MS;
  return (problem !== undefined || isLong) && lastMs > 0 ? { lastMs, problem } : undefined;
}

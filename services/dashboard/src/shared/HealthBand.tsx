/** A line below the bar while a part of the platform is away or computing is behind. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { longestWait, readiness, whileLacking } from "../api/health";
import { type Lack, lackingOf } from "./lacking";
import styles from "./SilenceBand.module.css";
import { useFormats } from "./useFormats";

export function HealthBand() {
  const t = useTranslations("common.lacks");
  const format = useFormats();
  const [isLacking, setLacking] = useState(false);
  const often = isLacking ? whileLacking : undefined;
  const ready = useQuery({ ...readiness, ...often });
  const waits = useQuery({ ...longestWait, ...often });
  const lacking = lackingOf(ready.data, waits.data?.items ?? []);
  if (lacking.length > 0 !== isLacking) setLacking(!isLacking);
  const behind = lacking.find((lack) => lack.kind === "behind");

  function wordsOf(lack: Lack): string {
    return lack.kind === "providers" ? t("providers", { names: lack.names }) : t(lack.kind);
  }
  return (
    <div className={lacking.length === 0 ? undefined : styles.lacks}>
      {/* Without the wait, which is another at each answer: else it is read out each time. */}
      <span role="status">{lacking.map(wordsOf).join(" ")}</span>
      {behind === undefined ? null : (
        <span>{` ${t("longestWait", { age: format.duration(behind.seconds) })}`}</span>
      )}
    </div>
  );
}

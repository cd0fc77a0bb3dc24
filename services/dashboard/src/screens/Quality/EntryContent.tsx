/** What arrived, why it is not stored, and the raw content with the place that failed. */
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { type QuarantineEntry, quarantineEntry } from "../../api/quarantine";
import { Answered } from "../../shared/Answered";
import { useFormats } from "../../shared/useFormats";
import { useMayI } from "../../shared/useMayI";
import styles from "./QualityScreen.module.css";
import { RawText } from "./RawText";

export function EntryContent({ entry, zone }: { entry: QuarantineEntry; zone: string }) {
  const t = useTranslations("quality");
  const format = useFormats(zone);
  const mayReadRaw = useMayI("raw:read");
  const query = useQuery({ ...quarantineEntry(entry.id), enabled: mayReadRaw });
  return (
    <section className={styles.entry} aria-label={t("entry", { id: entry.id })}>
      <p className={styles.reason}>{entry.text}</p>
      <p className="second">
        {[
          t("entry", { id: entry.id }),
          entry.position,
          t("refusedBy", { mapping: entry.mapping || "–" }),
          t("storedAt", { time: format.dayTime(entry.stored_at) }),
        ]
          .filter((part) => part !== "")
          .join(" · ")}
      </p>
      {mayReadRaw ? (
        <Answered query={query}>{(detail) => <RawText entry={detail} />}</Answered>
      ) : (
        <p className="second">{t("raw.notAllowed")}</p>
      )}
    </section>
  );
}

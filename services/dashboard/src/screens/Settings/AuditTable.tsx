/** Entries of the audit log, the newest first. */
import { useTranslations } from "use-intl";
import type { AuditEntry } from "../../api/audit";
import { DataTable } from "../../shared/DataTable";
import { personOf } from "../../shared/format";
import { useFormats } from "../../shared/useFormats";
import { useHomeZone } from "../../shared/useHomeZone";
import { changesOf } from "./changes";
import styles from "./parts.module.css";

export function AuditTable({ entries }: { entries: readonly AuditEntry[] }) {
  const t = useTranslations("settings.auditLog");
  const format = useFormats(useHomeZone());
  return (
    <DataTable
      label={`${t("title")} (${format.zone(Date.now())})`}
      rows={entries}
      rowKey={(entry) => String(entry.id)}
      columns={[
        {
          key: "at",
          head: t("at"),
          cell: (entry) => `${format.day(entry.at)} ${format.time(entry.at, true)}`,
        },
        { key: "by", head: t("by"), cell: (entry) => personOf(entry.by) },
        {
          key: "what",
          head: t("what"),
          cell: (entry) =>
            `${wordOf(t, "subjects", entry.subject)} ${wordOf(t, "actions", entry.action)}`,
        },
        {
          key: "which",
          head: t("which"),
          cell: (entry) => (
            <>
              {entry.subject_id}
              {entry.equipment === null || entry.equipment === entry.subject_id ? null : (
                <span className="second"> {entry.equipment}</span>
              )}
            </>
          ),
        },
        { key: "changes", head: t("changes"), cell: (entry) => <Changes entry={entry} /> },
        { key: "why", head: t("why"), cell: (entry) => entry.reason ?? "" },
      ]}
    />
  );
}

function Changes({ entry }: { entry: AuditEntry }) {
  return (
    <ul className={styles.changes}>
      {changesOf(entry.before, entry.after).map(({ field, before, after }) => (
        <li key={field}>
          <span className="second">{field}</span> {before ?? "–"} → {after ?? "–"}
        </li>
      ))}
    </ul>
  );
}

/** The word for a code; a newer API may have one that this page does not know. */
function wordOf(
  t: ReturnType<typeof useTranslations<"settings.auditLog">>,
  group: "subjects" | "actions",
  code: string,
): string {
  const key = `${group}.${code}`;
  return t.has(key as never) ? t(key as never) : code;
}

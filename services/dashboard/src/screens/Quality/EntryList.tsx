/** Middle: the entries of a group; `j` `k` walk, `x` selects, Enter opens. */
import { useNavigate } from "@tanstack/react-router";
import { useRef } from "react";
import { useTranslations } from "use-intl";
import type { QuarantineEntry } from "../../api/quarantine";
import { useShortcut } from "../../shared/keyboard";
import { ScrollBox } from "../../shared/ScrollBox";
import { useFormats } from "../../shared/useFormats";
import styles from "./EntryList.module.css";

interface Props {
  entries: readonly QuarantineEntry[];
  /** The entry whose content is shown. */
  opened: number | undefined;
  selected: ReadonlySet<number>;
  onSelect: ((id: number) => void) | undefined;
  zone: string;
}

export function EntryList({ entries, opened, selected, onSelect, zone }: Props) {
  const t = useTranslations("quality");
  const format = useFormats(zone);
  const navigate = useNavigate();
  const body = useRef<HTMLTableSectionElement>(null);
  const at = entries.findIndex(({ id }) => id === opened);

  function open(id: number, focus = false) {
    void navigate({
      to: "/quality",
      search: (before) => ({ ...before, entry: String(id) }),
      replace: true,
      resetScroll: false,
    });
    if (focus) body.current?.querySelector<HTMLElement>(`[data-entry="${id}"]`)?.focus();
  }
  function walk(step: 1 | -1) {
    const next = entries[Math.min(entries.length - 1, Math.max(0, at + step))];
    if (next !== undefined) open(next.id, true);
  }
  useShortcut("j", () => walk(1), { label: t("keys.next") });
  useShortcut("k", () => walk(-1), { label: t("keys.previous") });
  useShortcut("x", () => opened !== undefined && onSelect?.(opened), {
    label: t("keys.select"),
    isOff: onSelect === undefined,
  });
  return (
    <ScrollBox label={t("entries")} isLow>
      <table aria-label={t("entries")}>
        <thead>
          <tr>
            {onSelect === undefined ? null : <th scope="col">{t("chosen")}</th>}
            <th scope="col">{t("at", { zone: format.zone(entries[0]?.at ?? Date.now()) })}</th>
            <th scope="col">{t("source")}</th>
            <th scope="col">{t("position")}</th>
            <th scope="col" className="number">
              {t("count")}
            </th>
            <th scope="col">{t("to")}</th>
          </tr>
        </thead>
        <tbody ref={body}>
          {entries.map((entry) => (
            <tr
              key={entry.id}
              className={styles.row}
              aria-current={entry.id === opened ? "true" : undefined}
            >
              {onSelect === undefined ? null : (
                <td>
                  <input
                    className={styles.check}
                    type="checkbox"
                    aria-label={t("selectEntry", { id: entry.id })}
                    checked={selected.has(entry.id)}
                    onChange={() => onSelect(entry.id)}
                  />
                </td>
              )}
              <td>
                <button
                  type="button"
                  className={styles.open}
                  data-entry={entry.id}
                  onClick={() => open(entry.id)}
                >
                  {format.dayTime(entry.at)}
                </button>
              </td>
              <td className={styles.source}>
                {entry.source}
                <span className="second">{entry.connector_id}</span>
              </td>
              <td>{entry.position || "–"}</td>
              <td className="number">{format.number(entry.count)}</td>
              <td>{entry.assigned_to ?? "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}

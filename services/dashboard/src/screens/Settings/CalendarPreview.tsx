/** What a calendar would move: which time that is past, of how many machines, and the next shifts. */
import { useTranslations } from "use-intl";
import type { CalendarChange } from "../../api/calendars";
import { useFormats } from "../../shared/useFormats";
import styles from "./parts.module.css";

export function CalendarPreview({ change, zone }: { change: CalendarChange; zone: string }) {
  const t = useTranslations("settings.calendars");
  const format = useFormats(zone);
  return (
    <section className={styles.stack} aria-label={t("preview")} aria-live="polite">
      <h3>{t("preview")}</h3>
      <p>
        {change.changed_from === null || change.changed_to === null
          ? t("movesNothing")
          : t("moves", {
              machines: change.machines,
              from: format.dayTime(change.changed_from),
              to: format.dayTime(change.changed_to),
            })}
      </p>
      {change.holidays.length === 0 ? null : (
        <p>
          {t("holidays", {
            count: change.holidays.length,
            names: change.holidays
              .slice(0, HOLIDAYS_SHOWN)
              .map(({ date, name }) => `${format.day(`${date}T12:00Z`, true)} ${name}`)
              .concat(change.holidays.length > HOLIDAYS_SHOWN ? ["…"] : [])
              .join(", "),
          })}
        </p>
      )}
      <p>{t("nextShifts")}</p>
      <ul>
        {change.next_shifts.map((shift) => (
          <li key={shift.start}>
            {shift.name} {format.dayTime(shift.start)} – {format.dayTime(shift.end)}
          </li>
        ))}
      </ul>
    </section>
  );
}

const HOLIDAYS_SHOWN = 12;

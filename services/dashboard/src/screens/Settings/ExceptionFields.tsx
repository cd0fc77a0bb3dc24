/** The exceptions of a calendar: days that are closed, or that have a shift of their own. */
import { Button } from "@mantine/core";
import { useTranslations } from "use-intl";
import { SelectField, TextField } from "../../shared/form/Field";
import styles from "./CalendarFields.module.css";
import { type ExceptionDraft, isFields, newException } from "./calendarDraft";

interface Props {
  exceptions: readonly ExceptionDraft[];
  /** Those that the form does not show: of holidays, or with several shifts. */
  others: readonly unknown[];
  onChange: (exceptions: ExceptionDraft[]) => void;
}

export function ExceptionFields({ exceptions, others, onChange }: Props) {
  const t = useTranslations("settings.calendars");
  const ofHolidays = others.filter((one) => isFields(one) && one.holiday === true).length;
  const further = others.length - ofHolidays;
  return (
    <fieldset className={styles.group}>
      <legend>{t("exceptions")}</legend>
      {exceptions.map((day) => {
        const set = (change: Partial<ExceptionDraft>) =>
          onChange(exceptions.map((one) => (one === day ? { ...one, ...change } : one)));
        return (
          <div key={day.id} className={styles.fields}>
            <TextField
              type="date"
              label={t("date")}
              value={day.date}
              onChange={(date) => set({ date })}
            />
            <SelectField
              label={t("then")}
              value={day.closed ? "closed" : "shift"}
              onChange={(kind) => set({ closed: kind === "closed" })}
              options={[
                { value: "closed", label: t("closed") },
                { value: "shift", label: t("oneShift") },
              ]}
            />
            {day.closed ? null : (
              <>
                <TextField
                  label={t("shiftName")}
                  value={day.name}
                  onChange={(name) => set({ name })}
                />
                <TextField
                  type="time"
                  label={t("start")}
                  value={day.start}
                  onChange={(start) => set({ start })}
                />
                <TextField
                  type="time"
                  label={t("end")}
                  value={day.end}
                  onChange={(end) => set({ end })}
                />
              </>
            )}
            <Button
              variant="subtle"
              aria-label={`${t("remove")}: ${day.date}`}
              onClick={() => onChange(exceptions.filter((one) => one !== day))}
            >
              {t("remove")}
            </Button>
          </div>
        );
      })}
      {ofHolidays === 0 ? null : (
        <p className="second">{t("holidaysStay", { count: ofHolidays })}</p>
      )}
      {further === 0 ? null : <p className="second">{t("othersStay", { count: further })}</p>}
      <div>
        <Button variant="default" onClick={() => onChange([...exceptions, newException("")])}>
          {t("addException")}
        </Button>
      </div>
    </fieldset>
  );
}

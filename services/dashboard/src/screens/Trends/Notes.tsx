/** The notes about the machines of the picture: read, written, withdrawn. */
import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslations } from "use-intl";
import {
  type Annotation,
  addAnnotation,
  restoreAnnotation,
  withdrawAnnotation,
} from "../../api/annotations";
import { Dialog } from "../../shared/Dialog";
import { DateTimeField } from "../../shared/form/DateTimeField";
import { SelectField, TextAreaField } from "../../shared/form/Field";
import { Form } from "../../shared/form/Form";
import { NO_VALUE, nameOf, personOf } from "../../shared/format";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { isoOf } from "../../shared/plantTime";
import { useAction } from "../../shared/useAction";
import { useFormats } from "../../shared/useFormats";
import { useMayI } from "../../shared/useMayI";
import styles from "./Notes.module.css";

const RENEWS = [["annotations"], ["shift_reports"]] as const;

export function Notes({ notes, zone }: { notes: readonly Annotation[]; zone: string }) {
  const t = useTranslations("trends");
  const format = useFormats(zone);
  const mayWrite = useMayI("notes:write");
  const withdraw = useAction(
    async ({ id }: Annotation) => {
      await withdrawAnnotation(id);
      return id;
    },
    { invalidates: RENEWS, done: t("withdrawn"), undo: restoreAnnotation },
  );
  if (notes.length === 0) return <p className="second">{t("noNotes")}</p>;
  return (
    <>
      {withdraw.problem === undefined ? null : <ProblemNotice error={withdraw.problem} />}
      <ol className={styles.notes}>
        {notes.map((note) => (
          <li key={note.id}>
            <p className={styles.text}>{note.text}</p>
            <p className="second">
              {[
                `${format.dayTime(note.start)}${note.end === null ? "" : ` – ${format.dayTime(note.end)}`} ${format.zone(note.start)}`,
                nameOf(note.equipment),
                personOf(note.entered_by),
              ].join(" · ")}
            </p>
            {mayWrite ? (
              <Button variant="subtle" onClick={() => void withdraw.run(note)}>
                {t("withdraw")}
              </Button>
            ) : null}
          </li>
        ))}
      </ol>
    </>
  );
}

interface FormProps {
  paths: readonly string[];
  atMs: number;
  zone: string;
  onClose: () => void;
}

export function NoteDialog({ paths, atMs, zone, onClose }: FormProps) {
  const t = useTranslations("trends");
  const [equipment, setEquipment] = useState(paths[0] ?? "");
  const [start, setStart] = useState(() => isoOf(Math.floor(atMs / 60_000) * 60_000, zone));
  const [end, setEnd] = useState("");
  const [text, setText] = useState("");
  const add = useAction(addAnnotation, {
    invalidates: RENEWS,
    done: t("noted"),
    undo: ({ id }) => withdrawAnnotation(id),
  });

  async function save() {
    const sent = { equipment, text, start: start || null, end: end || null };
    if ((await add.run(sent)) !== undefined) onClose();
  }

  const labels = {
    "/text": t("text"),
    "/equipment": t("equipment"),
    "/start": t("from"),
    "/end": t("to"),
  };
  return (
    <Dialog title={t("addNote")} onClose={onClose}>
      <Form onSave={save} problem={add.problem} labels={labels} onCancel={onClose}>
        {(errorOf) => (
          <>
            <TextAreaField
              label={t("text")}
              value={text}
              onChange={setText}
              error={errorOf("/text")}
              isRequired
              isFirst
            />
            <SelectField
              label={t("equipment")}
              value={equipment}
              onChange={setEquipment}
              options={paths.map((value) => ({
                value,
                label: value.replaceAll("/", " / ") || NO_VALUE,
              }))}
              error={errorOf("/equipment")}
            />
            <DateTimeField
              label={t("from")}
              value={start}
              onChange={setStart}
              zone={zone}
              error={errorOf("/start")}
            />
            <DateTimeField
              label={t("to")}
              hint={t("toHint")}
              value={end}
              onChange={setEnd}
              zone={zone}
              error={errorOf("/end")}
            />
          </>
        )}
      </Form>
    </Dialog>
  );
}

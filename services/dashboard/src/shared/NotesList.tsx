/** Notes of people about an equipment and a period: read, written, withdrawn. */
import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslations } from "use-intl";
import {
  type Annotation,
  addAnnotation,
  restoreAnnotation,
  withdrawAnnotation,
} from "../api/annotations";
import { TextAreaField } from "./form/Field";
import { Form } from "./form/Form";
import { nameOf, personOf } from "./format";
import styles from "./NotesList.module.css";
import { useAction } from "./useAction";
import { useFormats } from "./useFormats";
import { useMayI } from "./useMayI";

interface Props {
  path: string;
  notes: readonly Annotation[];
  zone: string;
  /** When a new note is about; undefined: now. */
  start: string | undefined;
}
const CHANGED = [["annotations"], ["shift_reports"]] as const;

export function NotesList({ path, notes, zone, start }: Props) {
  const t = useTranslations("machine.notes");
  const format = useFormats(zone);
  const mayWrite = useMayI("notes:write");
  const [text, setText] = useState("");
  const add = useAction(addAnnotation, {
    invalidates: CHANGED,
    done: t("added"),
    undo: ({ id }: Annotation) => withdrawAnnotation(id),
  });
  const withdraw = useAction(
    async (id: number) => {
      await withdrawAnnotation(id);
      return id;
    },
    { invalidates: CHANGED, done: t("withdrawn"), undo: restoreAnnotation },
  );

  async function save() {
    const body = { equipment: path, text, ...(start === undefined ? {} : { start }) };
    if ((await add.run(body)) !== undefined) setText("");
  }

  return (
    <>
      {notes.length === 0 ? <p className="second">{t("none")}</p> : null}
      <ul className={styles.notes}>
        {notes.map((note) => (
          <li key={note.id}>
            <span className="second">
              {[
                format.dayTime(note.start),
                ...(note.equipment === path ? [] : [nameOf(note.equipment)]),
                personOf(note.entered_by),
              ].join(" · ")}
            </span>
            <span className={styles.text}>{note.text}</span>
            {mayWrite ? (
              <Button
                className={styles.action ?? ""}
                variant="subtle"
                onClick={() => void withdraw.run(note.id)}
              >
                {t("withdraw")}
              </Button>
            ) : null}
          </li>
        ))}
      </ul>
      {mayWrite ? (
        <div className={styles.action}>
          <Form
            onSave={save}
            save={t("add")}
            problem={add.problem ?? withdraw.problem}
            labels={{ "/text": t("text") }}
          >
            {(errorOf) => (
              <TextAreaField
                label={t("text")}
                value={text}
                onChange={setText}
                error={errorOf("/text")}
              />
            )}
          </Form>
        </div>
      ) : null}
    </>
  );
}

/** What is decided about entries that no mapping repairs: somebody looks at them, or nobody needs them. */
import { Button } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import {
  assign,
  DATA_QUALITY,
  discard,
  QUARANTINE,
  type QuarantineGroup,
  reopen,
  type Selection,
} from "../../api/quarantine";
import { me } from "../../api/session";
import { errorOf } from "../../shared/form/errors";
import { TextAreaField, TextField } from "../../shared/form/Field";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { useAction } from "../../shared/useAction";
import styles from "./Repair.module.css";
import { selectionOf, sizeOf } from "./selection";

interface Props {
  group: QuarantineGroup;
  selected: ReadonlySet<number>;
  onDone: () => void;
}

const INVALIDATES = [QUARANTINE, DATA_QUALITY] as const;

export function Assignment({ group, selected, onDone }: Props) {
  const t = useTranslations("quality.decide");
  const who = useSuspenseQuery(me);
  const [to, setTo] = useState(who.data.name);
  const action = useAction(
    async (selection: Selection) => ({ selection, ...(await assign({ ...selection, to })) }),
    {
      invalidates: INVALIDATES,
      done: t("assigned", { name: to }),
      undo: ({ selection, decided_at }) => reopen({ ...selection, decided_at }),
    },
  );
  return (
    <form
      className={styles.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void action.run(selectionOf(group, selected)).then((done) => done && onDone());
      }}
    >
      <TextField
        label={t("to")}
        value={to}
        onChange={setTo}
        error={errorOf(action.problem?.errors ?? [], "to")}
      />
      {action.problem === undefined ? null : <ProblemNotice error={action.problem} />}
      <div className={styles.buttons}>
        <Button type="submit" variant="default" loading={action.isRunning}>
          {t("assign", { count: sizeOf(group, selected) })}
        </Button>
      </div>
    </form>
  );
}

export function Discarding({ group, selected, onDone }: Props) {
  const t = useTranslations("quality.decide");
  const [note, setNote] = useState("");
  const action = useAction(
    async (selection: Selection) => ({ selection, ...(await discard({ ...selection, note })) }),
    {
      invalidates: INVALIDATES,
      done: t("discarded"),
      undo: ({ selection, decided_at }) => reopen({ ...selection, decided_at }),
    },
  );
  return (
    <form
      className={styles.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void action.run(selectionOf(group, selected)).then((done) => done && onDone());
      }}
    >
      <TextAreaField
        label={t("why")}
        hint={t("whyHint")}
        value={note}
        onChange={setNote}
        error={errorOf(action.problem?.errors ?? [], "note")}
      />
      {action.problem === undefined ? null : <ProblemNotice error={action.problem} />}
      <div className={styles.buttons}>
        <Button type="submit" variant="default" loading={action.isRunning}>
          {t("discard", { count: sizeOf(group, selected) })}
        </Button>
      </div>
    </form>
  );
}

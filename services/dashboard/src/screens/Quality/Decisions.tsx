/** What is decided about entries that no mapping repairs: somebody looks at them, or nobody needs them. */
import { useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import {
  assign,
  DATA_QUALITY,
  type Decision,
  discard,
  QUARANTINE,
  type QuarantineGroup,
  reopen,
  type Selection,
} from "../../api/quarantine";
import { me } from "../../api/session";
import { TextAreaField, TextField } from "../../shared/form/Field";
import { Form } from "../../shared/form/Form";
import { useAction } from "../../shared/useAction";
import { selectionOf, sizeOf } from "./selection";

interface Props {
  group: QuarantineGroup;
  selected: ReadonlySet<number>;
  onDone: () => void;
}

export function Assignment(props: Props) {
  const t = useTranslations("quality.decide");
  const who = useSuspenseQuery(me);
  const [to, setTo] = useState(who.data.name);
  const { save, problem } = useDecision(props, (selection) => assign({ ...selection, to }), {
    done: t("assigned", { name: to }),
  });
  return (
    <Form
      onSave={save}
      problem={problem}
      labels={{ to: t("to") }}
      save={t("assign", { count: sizeOf(props.group, props.selected) })}
      stays={({ reason }) => reason === props.group.reason}
    >
      {(errorOf) => <TextField label={t("to")} value={to} onChange={setTo} error={errorOf("to")} />}
    </Form>
  );
}

export function Discarding(props: Props) {
  const t = useTranslations("quality.decide");
  const [note, setNote] = useState("");
  const { save, problem } = useDecision(props, (selection) => discard({ ...selection, note }), {
    done: t("discarded"),
  });
  return (
    <Form
      onSave={save}
      problem={problem}
      labels={{ note: t("why") }}
      save={t("discard", { count: sizeOf(props.group, props.selected) })}
      stays={({ reason }) => reason === props.group.reason}
    >
      {(errorOf) => (
        <TextAreaField
          label={t("why")}
          hint={t("whyHint")}
          value={note}
          onChange={setNote}
          error={errorOf("note")}
        />
      )}
    </Form>
  );
}

/** A decision about the chosen entries, which can be taken back. */
function useDecision(
  { group, selected, onDone }: Props,
  decide: (selection: Selection) => Promise<Decision>,
  { done }: { done: string },
) {
  const { run, problem } = useAction(
    async (selection: Selection) => ({ selection, ...(await decide(selection)) }),
    {
      invalidates: [QUARANTINE, DATA_QUALITY],
      done,
      undo: ({ selection, decided_at }) => reopen({ ...selection, decided_at }),
    },
  );
  const save = async () => {
    if ((await run(selectionOf(group, selected))) !== undefined) onDone();
  };
  return { save, problem };
}

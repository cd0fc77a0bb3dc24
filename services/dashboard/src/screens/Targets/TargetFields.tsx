/** The fields of a target. */
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { ApiProblem } from "../../api/client";
import { NumberField, SelectField, TextAreaField, TextField } from "../../shared/form/Field";
import { Form } from "../../shared/form/Form";
import { type Draft, wrongStep } from "./form";
import { ScopeField } from "./ScopeField";

interface Props {
  draft: Draft;
  known: readonly string[];
  isNew: boolean;
  problem: ApiProblem | undefined;
  onSave: (draft: Draft) => Promise<void>;
  onCancel: () => void;
}
const PATHS = ["linear", "compound", "steps"] as const;
const OUTPUTS = ["earned_standard_minutes", "good_parts"] as const;
const INPUTS = ["machine_hours", "attended_hours", "cost"] as const;

export function TargetFields({ draft: first, known, isNew, problem, onSave, onCancel }: Props) {
  const t = useTranslations("targets.form");
  const [draft, setDraft] = useState(first);
  const [lacksKey, setLacksKey] = useState(false);
  const set =
    <K extends keyof Draft>(name: K) =>
    (value: Draft[K]) =>
      setDraft((before) => ({ ...before, [name]: value }));
  const labels = {
    key: t("key"),
    name: t("name"),
    under: t("scope"),
    goal: t("goal"),
    due_on: t("dueOn"),
    baseline_start: t("baselineStart"),
    baseline_end: t("baselineEnd"),
    steps: t("steps"),
    now_days: t("nowDays"),
  };
  const wrongLine = wrongStep(draft.steps);
  return (
    <Form
      onSave={async () => {
        // What the API cannot refuse: an empty address, and lines that are no steps.
        const isEmpty = draft.key.trim() === "";
        setLacksKey(isEmpty);
        const isUnread = draft.path === "steps" && wrongLine !== undefined;
        if (!isEmpty && !isUnread) await onSave(draft);
      }}
      problem={problem}
      labels={labels}
      onCancel={onCancel}
    >
      {(errorOf) => (
        <>
          {isNew ? (
            <TextField
              label={t("key")}
              hint={t("keyHint")}
              value={draft.key}
              onChange={set("key")}
              error={lacksKey ? t("required") : errorOf("key")}
              isRequired
              isFirst
            />
          ) : null}
          <TextField
            label={t("name")}
            value={draft.name}
            onChange={set("name")}
            error={errorOf("name")}
            isRequired
          />
          <ScopeField
            known={known}
            chosen={draft.scope}
            others={draft.otherScope}
            onChoose={set("scope")}
            onOthers={set("otherScope")}
            error={errorOf("under")}
          />
          <NumberField
            label={t("goal")}
            hint={t("goalHint")}
            value={draft.goal}
            onChange={set("goal")}
            error={errorOf("goal")}
            isRequired
          />
          <TextField
            type="date"
            label={t("dueOn")}
            hint={t("dueOnHint")}
            value={draft.dueOn}
            onChange={set("dueOn")}
            error={errorOf("due_on")}
            isRequired
          />
          <TextField
            type="date"
            label={t("baselineStart")}
            hint={t("baselineHint")}
            value={draft.baselineStart}
            onChange={set("baselineStart")}
            error={errorOf("baseline_start")}
            isRequired
          />
          <TextField
            type="date"
            label={t("baselineEnd")}
            hint={isNew ? undefined : t("refrozen")}
            value={draft.baselineEnd}
            onChange={set("baselineEnd")}
            error={errorOf("baseline_end")}
          />
          <SelectField
            label={t("path")}
            value={draft.path}
            onChange={set("path")}
            options={PATHS.map((value) => ({ value, label: t(`paths.${value}`) }))}
          />
          {draft.path === "steps" ? (
            <TextAreaField
              label={t("steps")}
              hint={t("stepsHint")}
              value={draft.steps}
              onChange={set("steps")}
              error={
                wrongLine === undefined ? errorOf("steps") : t("stepsWrong", { line: wrongLine })
              }
            />
          ) : null}
          <SelectField
            label={t("output")}
            value={draft.output}
            onChange={set("output")}
            options={OUTPUTS.map((value) => ({ value, label: t(`outputs.${value}`) }))}
          />
          <SelectField
            label={t("input")}
            value={draft.input}
            onChange={set("input")}
            options={INPUTS.map((value) => ({ value, label: t(`inputChoices.${value}`) }))}
          />
          <NumberField
            label={t("nowDays")}
            value={draft.nowDays}
            onChange={set("nowDays")}
            error={errorOf("now_days")}
          />
          <TextField
            label={t("reason")}
            hint={t("reasonHint")}
            value={draft.reason}
            onChange={set("reason")}
            error={errorOf("reason")}
          />
        </>
      )}
    </Form>
  );
}

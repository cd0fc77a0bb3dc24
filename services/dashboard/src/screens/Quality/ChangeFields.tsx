/** The fields of one change of a mapping. */
import { useTranslations } from "use-intl";
import type { QuarantineGroup } from "../../api/quarantine";
import { SelectField, TextField } from "../../shared/form/Field";
import { STATES } from "../../shared/states";
import { type Draft, field, kindsOf, ROLES } from "./change";

interface Props {
  group: QuarantineGroup;
  draft: Draft;
  onChange: (draft: Draft) => void;
}

export function ChangeFields({ group, draft, onChange }: Props) {
  const t = useTranslations("quality.repair");
  const kinds = kindsOf(group);
  const set = (change: Partial<Draft>) => onChange({ ...draft, ...change });
  return (
    <>
      {kinds.length > 1 ? (
        <SelectField
          label={t("what")}
          value={draft.kind}
          options={kinds.map((kind) => ({ value: kind, label: t(`kinds.${kind}`) }))}
          onChange={(kind) => set({ kind })}
        />
      ) : null}
      {draft.kind === "map_state" ? <StateFields {...{ group, draft, set }} /> : null}
      {draft.kind === "map_value" ? (
        <TextField
          label={t("value", { code: field(group, "code"), field: field(group, "field") })}
          hint={t("valueHint")}
          value={draft.value}
          onChange={(value) => set({ value })}
        />
      ) : null}
      {draft.kind === "add_rule" ? <RuleFields {...{ group, draft, set }} /> : null}
      {draft.kind === "ignore" ? <SourceField {...{ group, draft, set }} /> : null}
      {draft.kind === "set_rule" ? <FormFields {...{ group, draft, set }} /> : null}
    </>
  );
}

interface PartProps {
  group: QuarantineGroup;
  draft: Draft;
  set: (change: Partial<Draft>) => void;
}

function StateFields({ group, draft, set }: PartProps) {
  const t = useTranslations("quality.repair");
  const states = useTranslations("states");
  return (
    <SelectField
      label={t("state", { code: field(group, "code") })}
      hint={t("stateHint", { table: field(group, "table") })}
      value={draft.state}
      options={STATES.map((state) => ({ value: state, label: states(state) }))}
      onChange={(state) => set({ state })}
    />
  );
}

function SourceField({ group, draft, set }: PartProps) {
  const t = useTranslations("quality");
  const sources = [...new Set(group.sources.map(({ source }) => source))];
  return (
    <SelectField
      label={t("source")}
      value={draft.source}
      options={sources.map((source) => ({ value: source, label: source }))}
      onChange={(source) => set({ source })}
    />
  );
}

function RuleFields(props: PartProps) {
  const t = useTranslations("quality.repair");
  const { draft, set } = props;
  return (
    <>
      <SourceField {...props} />
      <TextField
        label={t("equipment")}
        hint={t("equipmentHint")}
        value={draft.equipment}
        onChange={(equipment) => set({ equipment })}
      />
      <TextField label={t("signal")} value={draft.signal} onChange={(signal) => set({ signal })} />
      <SelectField
        label={t("role")}
        value={draft.role}
        options={ROLES.map((role) => ({ value: role, label: t(`roles.${role}`) }))}
        onChange={(role) => set({ role })}
      />
      {draft.role === "state" ? (
        <TextField
          label={t("states")}
          hint={t("statesHint")}
          value={draft.states}
          onChange={(states) => set({ states })}
        />
      ) : (
        <UnitFields draft={draft} set={set} />
      )}
    </>
  );
}

function FormFields(props: PartProps) {
  const t = useTranslations("quality.repair");
  const { draft, set } = props;
  return (
    <>
      <SourceField {...props} />
      <SelectField
        label={t("decimal")}
        value={draft.decimal}
        options={[
          { value: "comma", label: t("comma") },
          { value: "point", label: t("point") },
        ]}
        onChange={(decimal) => set({ decimal })}
      />
      <UnitFields draft={draft} set={set} />
    </>
  );
}

function UnitFields({ draft, set }: Omit<PartProps, "group">) {
  const t = useTranslations("quality.repair");
  return (
    <>
      <TextField
        label={t("unit")}
        hint={t("unitHint")}
        value={draft.unit}
        onChange={(unit) => set({ unit })}
      />
      <TextField
        label={t("sourceUnit")}
        hint={t("sourceUnitHint")}
        value={draft.sourceUnit}
        onChange={(sourceUnit) => set({ sourceUnit })}
      />
    </>
  );
}

/** A new version of a policy; what its form does not show stays as in the version before. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { addPolicy, type PolicyVersion, supplierNames } from "../../api/policies";
import { Dialog } from "../../shared/Dialog";
import { NumberField, SelectField, TextField } from "../../shared/form/Field";
import { Form } from "../../shared/form/Form";
import { useAction } from "../../shared/useAction";

interface Props {
  /** The version that the new one begins with; undefined: the built-in values. */
  base: PolicyVersion | undefined;
  onClose: () => void;
}

const FIELDS = ["reference", "early", "late", "tolerance", "level", "frozen_days"] as const;
const REFERENCES = ["requested_delivery", "confirmed"] as const;
const LEVELS = ["line", "order"] as const;

export function SupplyPolicyForm({ base, onClose }: Props) {
  const t = useTranslations("supply");
  const names = useQuery(supplierNames).data?.items ?? [];
  const old = base?.document ?? {};
  const [supplier, setSupplier] = useState(base?.supplier ?? "");
  const [reference, setReference] = useState(textOf(old.reference, "requested_delivery"));
  const [early, setEarly] = useState(textOf(old.early, "1d"));
  const [late, setLate] = useState(textOf(old.late, "0h"));
  const [tolerance, setTolerance] = useState<number | null>(numberOf(old.tolerance, 0));
  const [level, setLevel] = useState(textOf(old.level, "line"));
  const [frozen, setFrozen] = useState<number | null>(numberOf(old.frozen_days, 3));
  const { run, problem } = useAction(
    () =>
      addPolicy(supplier, {
        document: { ...old, reference, early, late, tolerance, level, frozen_days: frozen },
      }),
    { invalidates: [["supply_policies"], ["suppliers"]], done: t("policySaved") },
  );

  async function save() {
    if ((await run(undefined)) !== undefined) onClose();
  }

  return (
    <Dialog title={t("newVersionTitle")} onClose={onClose}>
      <Form
        onSave={save}
        problem={problem}
        labels={Object.fromEntries(FIELDS.map((name) => [`document/${name}`, name]))}
        onCancel={onClose}
      >
        {(errorOf) => (
          <>
            <SelectField
              label={t("owner")}
              value={supplier}
              onChange={setSupplier}
              options={[
                { value: "", label: t("default") },
                ...names.map(({ key, name }) => ({ value: key, label: name })),
              ]}
            />
            <SelectField
              label={t("reference")}
              value={reference}
              onChange={setReference}
              options={REFERENCES.map((one) => ({ value: one, label: t(`references.${one}`) }))}
              error={errorOf("document/reference")}
            />
            <TextField
              label={t("early")}
              hint={t("allowanceHint")}
              value={early}
              onChange={setEarly}
              error={errorOf("document/early")}
            />
            <TextField
              label={t("late")}
              hint={t("allowanceHint")}
              value={late}
              onChange={setLate}
              error={errorOf("document/late")}
            />
            <NumberField
              label={t("tolerance")}
              hint={t("toleranceHint")}
              value={tolerance}
              onChange={setTolerance}
              error={errorOf("document/tolerance")}
            />
            <SelectField
              label={t("level")}
              value={level}
              onChange={setLevel}
              options={LEVELS.map((one) => ({ value: one, label: t(`levels.${one}`) }))}
              error={errorOf("document/level")}
            />
            <NumberField
              label={t("frozen")}
              hint={t("frozenHint")}
              value={frozen}
              onChange={setFrozen}
              error={errorOf("document/frozen_days")}
            />
          </>
        )}
      </Form>
    </Dialog>
  );
}

function textOf(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}

function numberOf(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

/** Makes a reason or changes one. */
import { useState } from "react";
import { useTranslations } from "use-intl";
import { REASON_KEYS, type ReasonChange, setReason } from "../../api/reasonTree";
import { Dialog } from "../../shared/Dialog";
import { SelectField, TextField } from "../../shared/form/Field";
import { Form } from "../../shared/form/Form";
import { useAction } from "../../shared/useAction";
import styles from "./parts.module.css";
import type { Reason } from "./ReasonsSection";

interface Props {
  reason: Reason | undefined;
  all: readonly Reason[];
  kind: "stop" | "scrap";
  plant: string | null;
  onClose: () => void;
}
const CATEGORIES = ["adet", "adot", "aust", "pdot"] as const;

export function ReasonForm({ reason, all, kind, plant, onClose }: Props) {
  const t = useTranslations("settings.reasonTree");
  const [code, setCode] = useState(reason?.code ?? "");
  const [nameEn, setNameEn] = useState(reason?.name_en ?? "");
  const [nameDe, setNameDe] = useState(reason?.name_de ?? "");
  const [parent, setParent] = useState(reason?.parent ?? "");
  const [category, setCategory] = useState(
    CATEGORIES.find((one) => one === reason?.category) ?? "adet",
  );
  const [isPlanned, setPlanned] = useState(reason?.planned ?? false);
  const [isRetired, setRetired] = useState(reason?.retired ?? false);
  const [why, setWhy] = useState("");
  const saving = useAction((body: ReasonChange) => setReason(code, body), {
    invalidates: REASON_KEYS,
    done: t("saved"),
  });
  const save = async () => {
    const body: ReasonChange = {
      plant,
      kind,
      parent: parent === "" ? null : parent,
      name_en: nameEn,
      name_de: nameDe,
      ...(kind === "stop" ? { category, planned: isPlanned } : {}),
      retired: isRetired,
      why: why === "" ? null : why,
    };
    if ((await saving.run(body)) !== undefined) onClose();
  };
  const parents = all.filter((one) => !one.path.includes(code) && !one.retired);
  return (
    <Dialog title={reason?.code ?? t("new")} kind="drawer" onClose={onClose}>
      <Form
        onSave={save}
        problem={saving.problem}
        onCancel={onClose}
        labels={{
          name_en: t("nameEn"),
          name_de: t("nameDe"),
          parent: t("parent"),
          category: t("category"),
          code: t("code"),
        }}
      >
        {(errorOf) => (
          <>
            {reason === undefined ? (
              <TextField
                label={t("code")}
                hint={t("codeHint")}
                value={code}
                onChange={setCode}
                error={errorOf("code")}
                isRequired
                isFirst
              />
            ) : null}
            <TextField
              label={t("nameEn")}
              value={nameEn}
              onChange={setNameEn}
              error={errorOf("name_en")}
            />
            <TextField
              label={t("nameDe")}
              value={nameDe}
              onChange={setNameDe}
              error={errorOf("name_de")}
            />
            <SelectField
              label={t("parent")}
              value={parent}
              onChange={setParent}
              error={errorOf("parent")}
              options={[
                { value: "", label: t("top") },
                ...parents.map((one) => ({ value: one.code, label: one.path.join(" ▸ ") })),
              ]}
            />
            {kind === "stop" ? (
              <>
                <SelectField
                  label={t("category")}
                  value={category}
                  onChange={setCategory}
                  error={errorOf("category")}
                  options={CATEGORIES.map((value) => ({ value, label: t(`categories.${value}`) }))}
                />
                <Tick label={t("planned")} isOn={isPlanned} onChange={setPlanned} />
              </>
            ) : null}
            <Tick label={t("retire")} isOn={isRetired} onChange={setRetired} />
            <TextField label={t("why")} value={why} onChange={setWhy} error={errorOf("why")} />
          </>
        )}
      </Form>
    </Dialog>
  );
}

interface TickProps {
  label: string;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
}

function Tick({ label, isOn, onChange }: TickProps) {
  return (
    <label className={styles.choice}>
      <input
        type="checkbox"
        checked={isOn}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      {label}
    </label>
  );
}

/** Makes a key: of a person with a role, or of a program with scopes. */
import { useState } from "react";
import { useTranslations } from "use-intl";
import { createKey, KEY_KEYS, type NewKey } from "../../api/keys";
import { Dialog } from "../../shared/Dialog";
import { NumberField, SelectField, TextField } from "../../shared/form/Field";
import { Form } from "../../shared/form/Form";
import { useAction } from "../../shared/useAction";
import { Choices, PlantChoices } from "./Choices";
import { ROLES, type Role } from "./KeyTable";
import styles from "./parts.module.css";

const SCOPES = [
  "read",
  "ingest",
  "reasons",
  "supply",
  "mapping",
  "configuration",
  "admin",
] as const;
type Scope = (typeof SCOPES)[number];
const YEAR_DAYS = 365;

export function KeyForm({
  onClose,
  onMade,
}: {
  onClose: () => void;
  onMade: (key: string) => void;
}) {
  const t = useTranslations("settings.keys");
  const all = useTranslations("settings");
  const [name, setName] = useState("");
  const [kind, setKind] = useState<"person" | "program">("person");
  const [role, setRole] = useState<Role>("viewer");
  const [scopes, setScopes] = useState<Scope[]>(["read"]);
  const [plants, setPlants] = useState<string[] | null>(null);
  const [days, setDays] = useState<number | null>(YEAR_DAYS);
  const making = useAction((body: NewKey) => createKey(body), { invalidates: KEY_KEYS });
  const save = async () => {
    const rights = kind === "person" ? { role, scopes: [] } : { role: null, scopes };
    const made = await making.run({ name, ...rights, plants, expires_days: days });
    if (made !== undefined) onMade(made.key ?? "");
  };
  return (
    <Dialog title={t("new")} onClose={onClose}>
      <Form
        onSave={save}
        problem={making.problem}
        save={t("make")}
        onCancel={onClose}
        labels={{
          name: t("name"),
          role: t("role"),
          scopes: t("scopes"),
          plants: t("plants"),
          expires_days: t("expiresDays"),
        }}
      >
        {(errorOf) => (
          <>
            <TextField
              label={t("name")}
              hint={t("nameHint")}
              value={name}
              onChange={setName}
              error={errorOf("name")}
              isRequired
              isFirst
            />
            <SelectField
              label={t("kind")}
              value={kind}
              onChange={setKind}
              options={[
                { value: "person", label: t("person") },
                { value: "program", label: t("program") },
              ]}
            />
            {kind === "person" ? (
              <SelectField
                label={t("role")}
                value={role}
                onChange={setRole}
                error={errorOf("role")}
                options={ROLES.map((value) => ({ value, label: all(`roles.${value}`) }))}
              />
            ) : (
              <Choices
                legend={t("scopes")}
                options={SCOPES.map((value) => ({ value, label: t(`scopeNames.${value}`) }))}
                chosen={scopes}
                onChange={setScopes}
                error={errorOf("scopes")}
              />
            )}
            <div className={styles.stack}>
              <PlantChoices chosen={plants} onChange={setPlants} error={errorOf("plants")} />
            </div>
            <NumberField
              label={t("expiresDays")}
              hint={t("expiresHint")}
              value={days}
              onChange={setDays}
              error={errorOf("expires_days")}
            />
          </>
        )}
      </Form>
    </Dialog>
  );
}

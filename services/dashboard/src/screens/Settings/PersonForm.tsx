/** Makes a person or changes one. */
import { useState } from "react";
import { useTranslations } from "use-intl";
import { changeUser, createUser, type NewUser, USER_KEYS, type User } from "../../api/users";
import { Dialog } from "../../shared/Dialog";
import { SelectField, TextField } from "../../shared/form/Field";
import { Form } from "../../shared/form/Form";
import { useAction } from "../../shared/useAction";
import { PlantChoices } from "./Choices";
import { ROLES, type Role, roleOf } from "./KeyTable";
import { PersonActions } from "./PersonActions";
import styles from "./parts.module.css";

interface Props {
  person: User | undefined;
  onClose: () => void;
  onPassword: (password: string) => void;
}

export function PersonForm({ person, onClose, onPassword }: Props) {
  const t = useTranslations("settings.personList");
  const all = useTranslations("settings");
  const [name, setName] = useState(person?.name ?? "");
  const [displayName, setDisplayName] = useState(person?.display_name ?? "");
  const [email, setEmail] = useState(person?.email ?? "");
  const [role, setRole] = useState<Role>(firstRole(person));
  const [plants, setPlants] = useState<string[] | null>(person?.plants ?? null);
  const [isDisabled, setDisabled] = useState(person !== undefined && person.disabled_at !== null);
  const saving = useAction(
    async (body: NewUser) => {
      if (person === undefined) return (await createUser(body)).password ?? "";
      const { name: _, ...change } = body;
      await changeUser(person.name, { ...change, disabled: isDisabled });
      return "";
    },
    { invalidates: USER_KEYS, ...(person === undefined ? {} : { done: t("changed") }) },
  );
  const save = async () => {
    const body = { name, display_name: displayName || null, email: email || null, role, plants };
    const password = await saving.run(body);
    if (password === undefined) return;
    if (password === "") onClose();
    else onPassword(password);
  };
  return (
    <Dialog title={person?.name ?? t("new")} kind="drawer" onClose={onClose}>
      <div className={styles.stack}>
        <Form
          onSave={save}
          problem={saving.problem}
          {...(person === undefined ? { save: t("make") } : {})}
          onCancel={onClose}
          labels={{ name: t("name"), email: t("email"), role: t("role"), plants: t("plants") }}
        >
          {(errorOf) => (
            <>
              {person === undefined ? (
                <TextField
                  label={t("name")}
                  hint={t("nameHint")}
                  value={name}
                  onChange={setName}
                  error={errorOf("name")}
                  isRequired
                  isFirst
                />
              ) : null}
              <TextField
                label={t("displayName")}
                value={displayName}
                onChange={setDisplayName}
                error={errorOf("display_name")}
              />
              <TextField
                type="email"
                label={t("email")}
                value={email}
                onChange={setEmail}
                error={errorOf("email")}
              />
              <SelectField
                label={t("role")}
                hint={person?.issuer ? t("ofProvider") : undefined}
                value={role}
                onChange={setRole}
                error={errorOf("role")}
                options={ROLES.map((value) => ({ value, label: all(`roles.${value}`) }))}
              />
              <PlantChoices chosen={plants} onChange={setPlants} error={errorOf("plants")} />
              {person === undefined ? null : (
                <label className={styles.choice}>
                  <input
                    type="checkbox"
                    checked={isDisabled}
                    onChange={(event) => setDisabled(event.currentTarget.checked)}
                  />
                  {t("disable")}
                </label>
              )}
            </>
          )}
        </Form>
        {person === undefined ? null : (
          <PersonActions person={person} onClose={onClose} onPassword={onPassword} />
        )}
      </div>
    </Dialog>
  );
}

function firstRole(person: User | undefined): Role {
  const role = roleOf(person?.role ?? "viewer");
  return role === "other" ? "viewer" : role;
}

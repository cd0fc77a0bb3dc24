/** Changes the own password; all other sessions end. */
import { useState } from "react";
import { useTranslations } from "use-intl";
import { ACCOUNT_KEYS, changePassword } from "../../api/users";
import { TextField } from "../../shared/form/Field";
import { Form } from "../../shared/form/Form";
import { useAction } from "../../shared/useAction";

export function PasswordForm() {
  const t = useTranslations("settings.account");
  const [present, setPresent] = useState("");
  const [next, setNext] = useState("");
  const changing = useAction<void, true>(
    async () => {
      await changePassword(present, next);
      return true;
    },
    { invalidates: ACCOUNT_KEYS, done: t("passwordChanged") },
  );
  const save = async () => {
    if ((await changing.run()) === undefined) return;
    setPresent("");
    setNext("");
  };
  return (
    <Form
      onSave={save}
      problem={changing.problem}
      save={t("changePassword")}
      labels={{ password: t("present"), new_password: t("next") }}
    >
      {(errorOf) => (
        <>
          <TextField
            type="password"
            autoComplete="current-password"
            label={t("present")}
            value={present}
            onChange={setPresent}
            error={errorOf("password")}
          />
          <TextField
            type="password"
            autoComplete="new-password"
            label={t("next")}
            hint={t("nextHint")}
            value={next}
            onChange={setNext}
            error={errorOf("new_password")}
          />
        </>
      )}
    </Form>
  );
}

/** The second factor: a secret for an app, its first code, the recovery codes; or its removal. */
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { Schemas } from "../../api/client";
import type { Me } from "../../api/session";
import { ACCOUNT_KEYS, beginTotp, confirmTotp, removeTotp } from "../../api/users";
import { TextField } from "../../shared/form/Field";
import { Form } from "../../shared/form/Form";
import { useAction } from "../../shared/useAction";
import styles from "./parts.module.css";
import { SecretDialog, SecretText } from "./Secret";

export function SecondFactor({ who }: { who: Me }) {
  const t = useTranslations("settings.account.totp");
  const [secret, setSecret] = useState<Schemas["TotpView"]>();
  if (who.has_totp) return <Removal left={who.recovery_codes_left} />;
  if (secret === undefined) return <Begin onSecret={setSecret} />;
  return (
    <div className={styles.stack}>
      <p>{t("enter")}</p>
      <SecretText secret={secret.secret} label={t("secret")} />
      <p className="second">{t("uri")}</p>
      <SecretText secret={secret.uri} label={t("uri")} />
      <Confirmation />
    </div>
  );
}

function Begin({ onSecret }: { onSecret: (secret: Schemas["TotpView"]) => void }) {
  const t = useTranslations("settings.account");
  const [password, setPassword] = useState("");
  const beginning = useAction(() => beginTotp(password), { invalidates: [] });
  const save = async () => {
    const secret = await beginning.run(undefined);
    if (secret !== undefined) onSecret(secret);
  };
  return (
    <Form
      onSave={save}
      problem={beginning.problem}
      save={t("totp.begin")}
      labels={{ password: t("present") }}
    >
      {(errorOf) => (
        <>
          <p>{t("totp.none")}</p>
          <TextField
            type="password"
            autoComplete="current-password"
            label={t("present")}
            value={password}
            onChange={setPassword}
            error={errorOf("password")}
          />
        </>
      )}
    </Form>
  );
}

function Confirmation() {
  const t = useTranslations("settings.account.totp");
  const [code, setCode] = useState("");
  const [codes, setCodes] = useState<readonly string[]>();
  const confirming = useAction(() => confirmTotp(code), { invalidates: [] });
  const closing = useAction(async () => true, { invalidates: ACCOUNT_KEYS, done: t("isOn") });
  const save = async () => {
    const answer = await confirming.run(undefined);
    if (answer !== undefined) setCodes(answer.recovery_codes);
  };
  return (
    <>
      <Form
        onSave={save}
        problem={confirming.problem}
        save={t("confirm")}
        labels={{ code: t("code") }}
      >
        {(errorOf) => (
          <TextField
            label={t("code")}
            hint={t("codeHint")}
            autoComplete="one-time-code"
            value={code}
            onChange={setCode}
            error={errorOf("code")}
          />
        )}
      </Form>
      {codes === undefined ? null : (
        <SecretDialog
          title={t("recovery")}
          hint={t("recoveryHint")}
          secret={codes.join("\n")}
          onClose={() => void closing.run(undefined)}
        />
      )}
    </>
  );
}

function Removal({ left }: { left: number }) {
  const t = useTranslations("settings.account");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const removing = useAction(
    async () => {
      await removeTotp(password, code);
      return true;
    },
    { invalidates: ACCOUNT_KEYS, done: t("totp.isOff") },
  );
  return (
    <Form
      onSave={() => removing.run(undefined)}
      problem={removing.problem}
      save={t("totp.remove")}
      labels={{ password: t("present"), code: t("totp.code") }}
    >
      {(errorOf) => (
        <>
          <p>{t("totp.on", { left })}</p>
          <TextField
            type="password"
            autoComplete="current-password"
            label={t("present")}
            value={password}
            onChange={setPassword}
            error={errorOf("password")}
          />
          <TextField
            label={t("totp.code")}
            hint={t("totp.anyCode")}
            autoComplete="one-time-code"
            value={code}
            onChange={setCode}
            error={errorOf("code")}
          />
        </>
      )}
    </Form>
  );
}

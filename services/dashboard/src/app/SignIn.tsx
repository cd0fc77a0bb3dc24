/** The form to sign in: by key, by name and password, or at the company's provider. */
import { Button, PasswordInput, SegmentedControl, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import { ApiProblem, type Schemas } from "../api/client";
import { signIn, signInWays } from "../api/session";
import { ProblemNotice } from "../shared/ProblemNotice";
import styles from "./SignIn.module.css";

type Way = "key" | "password";

interface Props {
  problem: Error | undefined;
  onSignedIn: () => void;
}

export function SignIn({ problem, onSignedIn }: Props) {
  const t = useTranslations("common.signIn");
  const ways = useQuery(signInWays);
  const [way, setWay] = useState<Way>("key");
  const [error, setError] = useState(problem);
  const [isBusy, setBusy] = useState(false);
  // An admin made the password: the field for another one stays until it is accepted.
  const [needsNew, setNeedsNew] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setBusy(true);
    try {
      await signIn(credentials(way, new FormData(event.currentTarget)));
      onSignedIn();
    } catch (caught) {
      setError(caught instanceof Error ? caught : new Error(String(caught)));
      if (caught instanceof ApiProblem && caught.code === "password_change_required") {
        setNeedsNew(true);
      }
    } finally {
      setBusy(false);
    }
  }

  return (
    <main className={styles.page}>
      <form className={styles.form} onSubmit={submit}>
        <h1>Werknetz</h1>
        <h2>{t("title")}</h2>
        <SegmentedControl
          aria-label={t("title")}
          value={way}
          onChange={(value) => setWay(value === "password" ? "password" : "key")}
          data={[
            { value: "key", label: t("keyTab") },
            { value: "password", label: t("passwordTab") },
          ]}
        />
        {way === "key" ? (
          <PasswordInput
            name="key"
            label={t("key")}
            description={t("keyHint")}
            required
            autoComplete="off"
          />
        ) : (
          <>
            <TextInput name="user" label={t("name")} required autoComplete="username" />
            <PasswordInput
              name="password"
              label={t("password")}
              required
              autoComplete="current-password"
            />
            {needsNew ? (
              <PasswordInput
                name="new_password"
                label={t("newPassword")}
                description={t("newPasswordHint")}
                required
                autoComplete="new-password"
              />
            ) : null}
            <TextInput
              name="totp"
              label={t("code")}
              description={t("codeHint")}
              autoComplete="one-time-code"
              inputMode="numeric"
            />
          </>
        )}
        {error === undefined ? null : <ProblemNotice error={error} />}
        <Button type="submit" loading={isBusy}>
          {t("submit")}
        </Button>
        {ways.data?.providers.map((provider) => (
          <Button key={provider.name} component="a" href={provider.login} variant="default">
            {t("provider", { name: provider.title })}
          </Button>
        ))}
      </form>
    </main>
  );
}

function credentials(way: Way, form: FormData): Schemas["SignIn"] {
  const text = (name: string) => String(form.get(name) ?? "").trim();
  if (way === "key") return { key: text("key"), kind: "browser" };
  const code = text("totp");
  const password = String(form.get("password") ?? "");
  const next = String(form.get("new_password") ?? "");
  return {
    user: text("user"),
    password,
    kind: "browser",
    ...(code === "" ? {} : { totp: code }),
    ...(next === "" ? {} : { new_password: next }),
  };
}

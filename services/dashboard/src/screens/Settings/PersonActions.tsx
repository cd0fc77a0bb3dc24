/** What an admin does for a person: a new password, another try, no second factor, or the end. */
import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslations } from "use-intl";
import {
  deleteUser,
  removeSecondFactor,
  resetPassword,
  USER_KEYS,
  type User,
  unlockUser,
} from "../../api/users";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { useAction } from "../../shared/useAction";
import { Confirm } from "./Confirm";
import styles from "./parts.module.css";

interface Props {
  person: User;
  onClose: () => void;
  onPassword: (password: string) => void;
}
const QUIET = ["unlock", "removeTotp"] as const;

export function PersonActions({ person, onClose, onPassword }: Props) {
  const t = useTranslations("settings.personList");
  const [asked, setAsked] = useState<"reset" | "delete">();
  const quiet = useAction(
    async (what: (typeof QUIET)[number]) => {
      await (what === "unlock" ? unlockUser(person.name) : removeSecondFactor(person.name));
      return true;
    },
    { invalidates: USER_KEYS, done: t("changed") },
  );
  const reset = useAction<void, true>(
    async () => {
      const { password } = await resetPassword(person.name);
      onPassword(password ?? "");
      return true;
    },
    { invalidates: USER_KEYS },
  );
  const remove = useAction<void, true>(
    async () => {
      await deleteUser(person.name);
      onClose();
      return true;
    },
    { invalidates: USER_KEYS, done: t("deleted") },
  );
  return (
    <>
      {quiet.problem === undefined ? null : <ProblemNotice error={quiet.problem} />}
      <div className={styles.buttons}>
        <Button variant="default" onClick={() => setAsked("reset")}>
          {t("reset")}
        </Button>
        {QUIET.filter((what) => what === "unlock" || person.has_totp).map((what) => (
          <Button key={what} variant="default" onClick={() => void quiet.run(what)}>
            {t(what)}
          </Button>
        ))}
        <Button variant="default" onClick={() => setAsked("delete")}>
          {t("delete")}
        </Button>
      </div>
      {asked === undefined ? null : (
        <Confirm
          title={t(asked === "reset" ? "resetTitle" : "deleteTitle", { name: person.name })}
          text={t(asked === "reset" ? "resetText" : "deleteText")}
          act={t(asked)}
          action={asked === "reset" ? reset : remove}
          onClose={() => setAsked(undefined)}
        />
      )}
    </>
  );
}

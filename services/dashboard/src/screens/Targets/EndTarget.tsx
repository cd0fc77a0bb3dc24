/** Asks once before a target ends, with the reason for the audit log. */
import { Button } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { TARGET_KEYS, type Target, withdrawTarget } from "../../api/targets";
import { Dialog } from "../../shared/Dialog";
import { TextField } from "../../shared/form/Field";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { useAction } from "../../shared/useAction";

export function EndTarget({ target, onClose }: { target: Target; onClose: () => void }) {
  const t = useTranslations("targets");
  const navigate = useNavigate();
  const [reason, setReason] = useState("");
  const ending = useAction(
    async () => {
      await withdrawTarget(target.key, reason);
      return true;
    },
    { invalidates: TARGET_KEYS, done: t("ending.done") },
  );
  const end = async () => {
    if ((await ending.run(undefined)) === undefined) return;
    onClose();
    await navigate({ to: "/targets", search: {} });
  };
  return (
    <Dialog title={t("ending.title", { name: target.name })} onClose={onClose}>
      <p>{t("ending.text")}</p>
      <TextField
        label={t("form.reason")}
        hint={t("form.reasonHint")}
        value={reason}
        onChange={setReason}
      />
      {ending.problem === undefined ? null : <ProblemNotice error={ending.problem} />}
      <div>
        <Button onClick={() => void end()}>{t("end")}</Button>
      </div>
    </Dialog>
  );
}

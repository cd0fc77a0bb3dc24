/** The codes of machines that stand for a reason. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { REASON_KEYS, type ReasonCode, reasonCodes, setReasonCode } from "../../api/reasonTree";
import { Answered } from "../../shared/Answered";
import { DataTable } from "../../shared/DataTable";
import { Empty } from "../../shared/Empty";
import { TextField } from "../../shared/form/Field";
import { Form } from "../../shared/form/Form";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { Tile } from "../../shared/Tile";
import { useAction } from "../../shared/useAction";

export function ReasonCodesTile({ plant, mayChange }: { plant: string; mayChange: boolean }) {
  const t = useTranslations("settings.reasonTree");
  const query = useQuery(reasonCodes(plant));
  const removing = useAction(
    async ({ equipment, state_code, kind }: ReasonCode) => {
      await setReasonCode(equipment, {
        state_code,
        reason: null,
        kind: kind === "scrap" ? "scrap" : "stop",
      });
      return true;
    },
    { invalidates: REASON_KEYS, done: t("codeRemoved") },
  );
  return (
    <Tile title={t("codes")}>
      {removing.problem === undefined ? null : <ProblemNotice error={removing.problem} />}
      <Answered query={query}>
        {({ items, next_cursor }) => (
          <DataTable
            label={t("codes")}
            rows={items}
            isCut={next_cursor !== null}
            rowKey={(one) => `${one.equipment} ${one.kind} ${one.state_code}`}
            empty={<Empty reason={t("noCodes")} />}
            columns={[
              { key: "at", head: t("equipment"), cell: (one) => one.equipment },
              { key: "code", head: t("stateCode"), cell: (one) => one.state_code },
              { key: "reason", head: t("reason"), cell: (one) => one.reason },
              {
                key: "remove",
                head: <span className="visually-hidden">{t("remove")}</span>,
                align: "right",
                cell: (one) =>
                  mayChange ? (
                    <Button
                      variant="subtle"
                      aria-label={`${t("remove")}: ${one.state_code}`}
                      onClick={() => void removing.run(one)}
                    >
                      {t("remove")}
                    </Button>
                  ) : null,
              },
            ]}
          />
        )}
      </Answered>
      {mayChange ? <NewCode plant={plant} /> : null}
    </Tile>
  );
}

function NewCode({ plant }: { plant: string }) {
  const t = useTranslations("settings.reasonTree");
  const [equipment, setEquipment] = useState(plant);
  const [code, setCode] = useState("");
  const [reason, setReason] = useState("");
  const adding = useAction(
    async () => {
      await setReasonCode(equipment, { state_code: code, reason, kind: "stop" });
      return true;
    },
    { invalidates: REASON_KEYS, done: t("codeAdded") },
  );
  const save = async () => {
    if ((await adding.run(undefined)) !== undefined) setCode("");
  };
  return (
    <Form
      onSave={save}
      problem={adding.problem}
      save={t("addCode")}
      labels={{ state_code: t("stateCode"), reason: t("reason") }}
    >
      {(errorOf) => (
        <>
          <TextField label={t("equipment")} value={equipment} onChange={setEquipment} />
          <TextField
            label={t("stateCode")}
            value={code}
            onChange={setCode}
            error={errorOf("state_code")}
          />
          <TextField
            label={t("reason")}
            hint={t("reasonHint")}
            value={reason}
            onChange={setReason}
            error={errorOf("reason")}
          />
        </>
      )}
    </Form>
  );
}

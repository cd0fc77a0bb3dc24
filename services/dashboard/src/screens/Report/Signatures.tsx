/** Who signed the report and what changed since; the way to sign it and to withdraw one's own. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { type ShiftReport, type Signature, signReport, withdrawSignature } from "../../api/reports";
import { me } from "../../api/session";
import { TextField } from "../../shared/form/Field";
import { Form } from "../../shared/form/Form";
import { personOf } from "../../shared/format";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { useAction } from "../../shared/useAction";
import { useFormats } from "../../shared/useFormats";
import { useMayI } from "../../shared/useMayI";
import styles from "./ReportScreen.module.css";

const CHANGED = [["shift_reports"]] as const;
const EMPTY_LINES = 2; // on paper: of the shift, and of the next one

export function Signatures({ report }: { report: ShiftReport }) {
  const t = useTranslations("report");
  const maySign = useMayI("reports:sign");
  const who = useQuery(me);
  const isOver = Date.parse(report.end) <= Date.parse(report.as_of);
  const withdraw = useAction((id: number) => withdrawSignature(report.equipment, id), {
    invalidates: CHANGED,
    done: t("wasWithdrawn"),
  });
  const isMine = (name: string) => personOf(name) === personOf(who.data?.name ?? "");
  const hasSigned = report.signatures.some(
    ({ signed_by, withdrawn_at, changed }) =>
      isMine(signed_by) && withdrawn_at === null && changed.length === 0,
  );
  const inForce = report.signatures.filter(({ withdrawn_at }) => withdrawn_at === null);
  return (
    <>
      {withdraw.problem === undefined ? null : <ProblemNotice error={withdraw.problem} />}
      <ul className={styles.signatures}>
        {report.signatures.map((signature) => (
          <li key={signature.id}>
            <SignatureText signature={signature} zone={report.time_zone} />
            {maySign && signature.withdrawn_at === null && isMine(signature.signed_by) ? (
              <Button
                className={styles.action ?? ""}
                variant="subtle"
                onClick={() => void withdraw.run(signature.id)}
              >
                {t("withdraw")}
              </Button>
            ) : null}
          </li>
        ))}
      </ul>
      <div className={styles.lines} aria-hidden="true">
        {Array.from({ length: Math.max(0, EMPTY_LINES - inForce.length) }, (_, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines on paper are all the same
          <span key={index}>{t("line")}</span>
        ))}
      </div>
      {maySign && isOver && !hasSigned ? <SignForm report={report} /> : null}
      {maySign && !isOver ? <p className={styles.action}>{t("notOver")}</p> : null}
    </>
  );
}

function SignatureText({ signature, zone }: { signature: Signature; zone: string }) {
  const t = useTranslations("report");
  const format = useFormats(zone);
  const { signed_by, signed_at, comment, changed, withdrawn_at, digest } = signature;
  const text = t("signed", { name: personOf(signed_by), at: format.dayTime(signed_at) });
  return (
    <span title={`SHA-256 ${digest}`}>
      {withdrawn_at === null ? text : <s>{text}</s>}
      {comment === null ? null : ` · ${comment}`}
      {withdrawn_at === null
        ? null
        : ` · ${t("withdrawnAt", { at: format.dayTime(withdrawn_at) })}`}
      {withdrawn_at !== null || changed.length === 0 ? null : (
        <strong>
          {" · "}
          {t("changed", { what: changed.map((name) => t(`sections.${name}`)).join(", ") })}
        </strong>
      )}
    </span>
  );
}

function SignForm({ report }: { report: ShiftReport }) {
  const t = useTranslations("report");
  const [comment, setComment] = useState("");
  const sign = useAction((text: string) => signReport(report, text), {
    invalidates: CHANGED,
    done: t("wasSigned"),
    undo: ({ id }: Signature) => withdrawSignature(report.equipment, id),
  });
  return (
    <div className={styles.action}>
      <Form
        onSave={async () => {
          // Refused because the report has changed: what it is now is shown, to be read and signed.
          if ((await sign.run(comment)) !== undefined) setComment("");
        }}
        save={t("sign")}
        problem={sign.problem}
        labels={{ "/comment": t("comment") }}
      >
        <p>{t("meaning")}</p>
        <TextField label={t("comment")} value={comment} onChange={setComment} />
      </Form>
    </div>
  );
}

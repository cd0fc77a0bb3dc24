/** Acknowledges a shortage warning until a time, with a comment. */
import { useState } from "react";
import { useTranslations } from "use-intl";
import { acknowledge, HORIZON_DAYS, type Warning, withdraw } from "../../api/warehouse";
import { Dialog } from "../../shared/Dialog";
import { DateTimeField } from "../../shared/form/DateTimeField";
import { TextAreaField } from "../../shared/form/Field";
import { Form } from "../../shared/form/Form";
import { useAction } from "../../shared/useAction";

interface Props {
  warning: Warning;
  zone: string;
  onClose: () => void;
}

export function AcknowledgeForm({ warning, zone, onClose }: Props) {
  const t = useTranslations("warehouse");
  // Until then it is over, or the next arrival has not come.
  const [until, setUntil] = useState(warning.until);
  const [comment, setComment] = useState("");
  const { run, problem } = useAction(acknowledge, {
    invalidates: [["shortage_warnings"]],
    done: t("ackDone"),
    undo: ({ id }) => withdraw(id),
  });

  async function save() {
    const { warehouse, material, short_at } = warning;
    const lines = warning.lines.map(({ equipment }) => equipment);
    const done = await run({
      warehouse,
      material,
      until,
      comment,
      short_at,
      lines,
      horizon_days: HORIZON_DAYS,
    });
    if (done !== undefined) onClose();
  }

  return (
    <Dialog title={t("acknowledgeTitle", { material: warning.material })} onClose={onClose}>
      <Form
        onSave={save}
        problem={problem}
        labels={{ until: t("untilField"), comment: t("comment") }}
        save={t("acknowledge")}
        onCancel={onClose}
      >
        {(errorOf) => (
          <>
            <p className="second">{t("acknowledgeHint")}</p>
            <TextAreaField
              label={t("comment")}
              hint={t("commentHint")}
              value={comment}
              onChange={setComment}
              error={errorOf("comment")}
              isFirst
            />
            <DateTimeField
              label={t("untilField")}
              zone={zone}
              value={until}
              onChange={setUntil}
              error={errorOf("until")}
            />
          </>
        )}
      </Form>
    </Dialog>
  );
}

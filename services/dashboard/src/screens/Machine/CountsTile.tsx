/** Parts that people enter where nobody counted, or took too many: entered, corrected, undone. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { Period } from "../../api/equipment";
import { enterQuantity, type Quantity, quantitiesOf, undoQuantity } from "../../api/quantities";
import { reasonsOf } from "../../api/reasons";
import { Answered } from "../../shared/Answered";
import { Cut } from "../../shared/Cut";
import { DateTimeField } from "../../shared/form/DateTimeField";
import { NumberField, SelectField, TextField } from "../../shared/form/Field";
import { Form } from "../../shared/form/Form";
import { Refused } from "../../shared/Refused";
import { Tile } from "../../shared/Tile";
import { useAction } from "../../shared/useAction";
import { useCodeName } from "../../shared/useCodeName";
import { useMayI } from "../../shared/useMayI";
import { QuantityRow } from "./QuantityRow";
import { QUANTITIES_CHANGED } from "./quantityKeys";
import { usePaths } from "./stops/ReasonPicker";
import styles from "./stops/StopPanel.module.css";

const KINDS = ["good", "scrap", "rework"] as const;
type Kind = (typeof KINDS)[number];

interface Props {
  path: string;
  plant: string;
  period: Period;
  /** The end of the period: parts of the past are entered there at first. */
  endMs: number;
  zone: string;
}

export function CountsTile({ path, plant, period, endMs, zone }: Props) {
  const t = useTranslations("machine.counts");
  const mayEnter = useMayI("quantities:write");
  const query = useQuery(quantitiesOf(path, period));
  const { query: reasons, nameOf } = useCodeName(plant, "scrap");
  return (
    <Tile title={t("title")}>
      {mayEnter ? <Entry path={path} plant={plant} endMs={endMs} zone={zone} /> : null}
      <h3>{t("list")}</h3>
      <Refused queries={[reasons]} />
      <Answered query={query}>
        {({ items, next_cursor }) =>
          items.length === 0 ? (
            <p className="second">{t("none")}</p>
          ) : (
            <>
              <ul className={styles.changes}>
                {items.map((item) => (
                  <QuantityRow
                    key={item.id}
                    item={item}
                    zone={zone}
                    mayEnter={mayEnter}
                    reasonName={nameOf}
                  />
                ))}
              </ul>
              <Cut shown={items.length} isCut={next_cursor !== null} />
            </>
          )
        }
      </Answered>
    </Tile>
  );
}

function Entry({ path, plant, endMs, zone }: Omit<Props, "period">) {
  const t = useTranslations("machine.counts");
  const [kind, setKind] = useState<Kind>("scrap");
  const [quantity, setQuantity] = useState<number | null>(null);
  const [reason, setReason] = useState("");
  const [at, setAt] = useState("");
  const [comment, setComment] = useState("");
  const reasons = useQuery({ ...reasonsOf(plant, "scrap"), enabled: kind === "scrap" });
  const pathOf = usePaths(reasons.data?.items ?? []);
  const enter = useAction(enterQuantity, {
    invalidates: QUANTITIES_CHANGED,
    done: t("saved"),
    undo: ({ id }: Quantity) => undoQuantity(id),
  });

  async function save() {
    const entered = await enter.run({
      equipment: path,
      // A second back: a clock of the browser that is ahead would name the future.
      at: at === "" ? new Date(Math.min(Date.now() - 1000, endMs)).toISOString() : at,
      kind,
      quantity: quantity ?? 0,
      ...(kind === "scrap" && reason !== "" ? { reason } : {}),
      ...(comment === "" ? {} : { comment }),
    });
    if (entered === undefined) return;
    setQuantity(null);
    setComment("");
  }

  return (
    <Form
      onSave={save}
      save={t("save")}
      problem={enter.problem}
      labels={{ "/kind": t("kind"), "/quantity": t("quantity"), "/at": t("at") }}
    >
      {(errorOf) => (
        <>
          <SelectField
            label={t("kind")}
            value={kind}
            onChange={setKind}
            options={KINDS.map((name) => ({ value: name, label: t(name) }))}
          />
          <NumberField
            label={t("quantity")}
            hint={t("quantityHint")}
            value={quantity}
            onChange={setQuantity}
            error={errorOf("/quantity")}
          />
          {kind === "scrap" ? (
            <SelectField
              label={t("reason")}
              value={reason}
              onChange={setReason}
              options={[
                { value: "", label: t("noReason") },
                ...(reasons.data?.items ?? [])
                  .filter(({ retired }) => !retired)
                  .map((row) => ({ value: row.code, label: pathOf(row).join(" › ") })),
              ]}
            />
          ) : null}
          <DateTimeField
            label={t("at")}
            value={at}
            onChange={setAt}
            zone={zone}
            error={errorOf("/at")}
          />
          <TextField label={t("comment")} value={comment} onChange={setComment} />
        </>
      )}
    </Form>
  );
}

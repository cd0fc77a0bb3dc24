/** A quantity that somebody entered, with the ways to correct it and to take its change back. */
import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { correctQuantity, type Quantity, undoQuantity } from "../../api/quantities";
import { NumberField } from "../../shared/form/Field";
import { personOf } from "../../shared/format";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { useAction } from "../../shared/useAction";
import { useFormats } from "../../shared/useFormats";
import { QUANTITIES_CHANGED } from "./quantityKeys";
import styles from "./stops/StopPanel.module.css";

interface Props {
  item: Quantity;
  zone: string;
  mayEnter: boolean;
  reasonName: (code: string) => string;
}

export function QuantityRow({ item, zone, mayEnter, reasonName }: Props) {
  const t = useTranslations("machine.counts");
  const format = useFormats(zone);
  const [isOpen, setOpen] = useState(false);
  const [quantity, setQuantity] = useState<number | null>(item.quantity);
  const invalidates = QUANTITIES_CHANGED;
  const correct = useAction(
    (next: number) => correctQuantity(item.id, { quantity: next, version: item.version }),
    { invalidates, done: t("corrected"), undo: ({ id }: Quantity) => undoQuantity(id) },
  );
  const undo = useAction(() => undoQuantity(item.id), { invalidates, done: t("withdrawn") });
  const problem = correct.problem ?? undo.problem;
  const kindKey = item.kind as "good";
  const parts = [
    `${format.number(item.quantity)} × ${t.has(kindKey) ? t(kindKey) : item.kind}`,
    format.dayTime(item.at),
    ...(item.reason === null ? [] : [reasonName(item.reason)]),
    ...(item.comment === null ? [] : [item.comment]),
    personOf(item.entered_by),
  ];

  async function save() {
    if (quantity !== null && (await correct.run(quantity)) !== undefined) setOpen(false);
  }

  return (
    <li>
      {problem === undefined ? null : <ProblemNotice error={problem} />}
      <span className={styles.line}>
        <span>{parts.join(" · ")}</span>
        {mayEnter ? (
          <>
            <Button variant="subtle" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
              {t("correct")}
            </Button>
            <Button variant="subtle" onClick={() => void undo.run(undefined)}>
              {t("undo")}
            </Button>
          </>
        ) : null}
      </span>
      {isOpen ? (
        <span className={styles.line}>
          <NumberField label={t("quantity")} value={quantity} onChange={setQuantity} isFirst />
          <Button onClick={() => void save()}>{t("correct")}</Button>
        </span>
      ) : null}
    </li>
  );
}

/** The shortage warnings of a warehouse; acknowledged ones stay, worded as such. */
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { type Warning, withdraw } from "../../api/warehouse";
import { nameOf, personOf } from "../../shared/format";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { useAction } from "../../shared/useAction";
import { useFormats } from "../../shared/useFormats";
import { useMayI } from "../../shared/useMayI";
import { AcknowledgeForm } from "./AcknowledgeForm";
import styles from "./WarehouseScreen.module.css";

interface Props {
  warnings: readonly Warning[];
  zone: string;
}

export function WarningList({ warnings, zone }: Props) {
  const t = useTranslations("warehouse");
  const [chosen, setChosen] = useState<Warning>();
  const mayAcknowledge = useMayI("supply:write");
  if (warnings.length === 0) return <p className="second">{t("noWarnings")}</p>;
  return (
    <>
      <ul className={styles.list}>
        {warnings.map((warning) => (
          <li key={warning.material} className={styles.warning}>
            <WarningText warning={warning} zone={zone} />
            {mayAcknowledge ? <Actions warning={warning} onAcknowledge={setChosen} /> : null}
          </li>
        ))}
      </ul>
      {chosen === undefined ? null : (
        <AcknowledgeForm warning={chosen} zone={zone} onClose={() => setChosen(undefined)} />
      )}
    </>
  );
}

interface ActionsProps {
  warning: Warning;
  onAcknowledge: (warning: Warning) => void;
}

function Actions({ warning, onAcknowledge }: ActionsProps) {
  const t = useTranslations("warehouse");
  const { run, isRunning, problem } = useAction(withdraw, {
    invalidates: [["shortage_warnings"]],
    done: t("withdrawn"),
  });
  const known = warning.acknowledgement;
  if (known?.state === "in_force") {
    return (
      <div>
        <Button variant="subtle" loading={isRunning} onClick={() => void run(known.id)}>
          {t("withdraw")}
        </Button>
        {problem === undefined ? null : <ProblemNotice error={problem} />}
      </div>
    );
  }
  return (
    <Button
      variant="default"
      aria-label={`${t("acknowledge")}: ${warning.material}`}
      onClick={() => onAcknowledge(warning)}
    >
      {t("acknowledge")}
    </Button>
  );
}

function WarningText({ warning, zone }: { warning: Warning; zone: string }) {
  const t = useTranslations("warehouse");
  const format = useFormats(zone);
  const unit = warning.unit ?? "";
  const zoned = (at: string) => `${format.dayTime(at)} ${format.zone(at)}`;
  const lines = warning.lines.map(({ equipment }) => nameOf(equipment)).join(", ");
  const arrival = warning.next_arrival;
  const isKnown = warning.acknowledgement?.state === "in_force";
  return (
    <div className={styles.what}>
      <p>
        <span className={isKnown ? `${styles.mark} ${styles.known}` : styles.mark}>
          {t(isKnown ? "acknowledged" : "new")}
        </span>
        <strong>
          {t("warningOf", {
            lines,
            material: `${warning.material} ${warning.description}`,
            at: zoned(warning.short_at),
          })}
        </strong>
      </p>
      <p className="second">
        {[
          t("inStock", { quantity: format.number(warning.stock), unit }),
          t("minutes", { minutes: format.duration(warning.minutes_at_risk * 60) }),
          arrival === null
            ? t("untilHorizon")
            : t("until", {
                quantity: format.number(arrival.quantity),
                unit,
                at: zoned(arrival.at),
              }),
        ].join(" · ")}
      </p>
      <Causes warning={warning} zoned={zoned} />
      <Known warning={warning} zoned={zoned} />
    </div>
  );
}

interface PartProps {
  warning: Warning;
  zoned: (at: string) => string;
}

function Causes({ warning, zoned }: PartProps) {
  const t = useTranslations("warehouse");
  const format = useFormats();
  if (warning.deliveries.length === 0) return <p>{t("cause.nothingDue")}</p>;
  return warning.deliveries.map((delivery) => {
    const { expected_at: expected } = delivery;
    const facts = {
      supplier: delivery.supplier_name,
      quantity: format.number(delivery.open_quantity),
      unit: warning.unit ?? "",
      callOff: delivery.call_off,
      due: zoned(delivery.due_from),
      delay: format.duration(delivery.delay_s),
    };
    return (
      <p key={`${delivery.supplier} ${delivery.call_off} ${delivery.due_from}`}>
        {expected === null
          ? t("cause.overdue", facts)
          : t("cause.late", { ...facts, expected: zoned(expected) })}{" "}
        <Link to="/suppliers" search={{ supplier: delivery.supplier }}>
          {t("supplier", { name: delivery.supplier_name })}
        </Link>
      </p>
    );
  });
}

function Known({ warning, zoned }: PartProps) {
  const t = useTranslations("warehouse");
  const known = warning.acknowledgement;
  if (known === null) return null;
  const words = t(`ackState.${known.state}`, {
    by: personOf(known.by),
    at: zoned(known.at),
    until: zoned(known.until),
  });
  return <p className="second">{known.comment === "" ? words : `${words}: “${known.comment}”`}</p>;
}

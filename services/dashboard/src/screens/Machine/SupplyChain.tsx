/** From a standstill to its part, call-off, shipment, supplier and raw message. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { useTranslations } from "use-intl";
import type { Schemas } from "../../api/client";
import { supplyCaused } from "../../api/losses";
import { Answered } from "../../shared/Answered";
import { Cut } from "../../shared/Cut";
import { nameOf } from "../../shared/format";
import { useFormats } from "../../shared/useFormats";
import { useMayI } from "../../shared/useMayI";
import styles from "./SupplyChain.module.css";

type Cause = Schemas["CauseView"];
type Delivery = Schemas["DeliveryStepView"];
const CHAINS = 20;
const RawMessage = lazy(async () => ({
  default: (await import("../../shared/message/RawMessage")).RawMessage,
}));

interface Props {
  path: string;
  start: string;
  end: string;
  zone: string;
}

export function SupplyChain({ path, start, end, zone }: Props) {
  const t = useTranslations("machine.chain");
  const format = useFormats(zone);
  const whyOf = (reason: string) =>
    t.has(`why.${reason}` as never) ? t(`why.${reason}` as never) : reason;
  const query = useQuery(supplyCaused({ under: [path], start, end }, CHAINS));
  return (
    <Answered query={query}>
      {({ items, totals, more }) => (
        <>
          {items.length === 0 ? <p className="second">{t("none")}</p> : null}
          <ul className={styles.chain}>
            {items.map((loss) => (
              <li key={`${loss.line} ${loss.start}`}>
                <strong>
                  {t("minutes", {
                    minutes: format.number(loss.line_minutes, 1),
                    line: nameOf(loss.line),
                  })}
                </strong>
                <ul className={styles.chain}>
                  {loss.causes.map((cause) => (
                    <li key={`${cause.material} ${cause.warehouse}`}>
                      <CauseText cause={cause} zone={zone} />
                    </li>
                  ))}
                </ul>
              </li>
            ))}
          </ul>
          <Cut shown={items.length} isCut={more > 0} what="largest" />
          {totals.unattributed.map(({ reason, minutes }) => (
            <p key={reason} className="second">
              {`${t("unattributed", { minutes: format.number(minutes, 1) })}: ${whyOf(reason)}`}
            </p>
          ))}
        </>
      )}
    </Answered>
  );
}

function CauseText({ cause, zone }: { cause: Cause; zone: string }) {
  const t = useTranslations("machine.chain");
  const format = useFormats(zone);
  const { start, end } = cause.stock_out;
  return (
    <>
      {t("out", {
        material: cause.material,
        description: cause.description,
        warehouse: cause.warehouse,
        start: format.dayTime(start),
        end: end === null ? t("goesOn") : format.dayTime(end),
      })}
      <ul className={styles.chain}>
        {cause.deliveries.map((delivery) => (
          <li key={`${delivery.call_off} ${delivery.due}`}>
            <DeliveryText delivery={delivery} zone={zone} />
          </li>
        ))}
      </ul>
    </>
  );
}

function DeliveryText({ delivery, zone }: { delivery: Delivery; zone: string }) {
  const t = useTranslations("machine.chain");
  const format = useFormats(zone);
  const at = (instant: string | null) => (instant === null ? "–" : format.dayTime(instant));
  return (
    <>
      {t("callOff", {
        document: delivery.call_off,
        due: format.dayTime(delivery.due),
        quantity: format.number(delivery.quantity),
        delay: format.duration(delivery.delay_s),
      })}{" "}
      <Raw document={delivery.call_off} events={delivery.events} zone={zone} />
      <ul className={styles.chain}>
        <li>
          <Link to="/suppliers" search={{ supplier: delivery.supplier }}>
            {t("supplier", { name: delivery.supplier_name })}
          </Link>
        </li>
        {delivery.shipments.map((shipment) => (
          <li key={shipment.event.event_id}>
            {t("shipment", { document: shipment.document, at: at(shipment.arrives_at) })}{" "}
            <Raw document={shipment.document} events={[shipment.event]} zone={zone} />
          </li>
        ))}
        {delivery.receipts.map((receipt) => (
          <li key={receipt.event.event_id}>
            {t("receipt", { document: receipt.document, at: at(receipt.received_at) })}{" "}
            <Raw document={receipt.document} events={[receipt.event]} zone={zone} />
          </li>
        ))}
      </ul>
    </>
  );
}

interface RawProps {
  document: string;
  events: readonly { event_id: string }[];
  zone: string;
}

/** Whoever may not read raw messages sees no button for one. */
function Raw({ document, events, zone }: RawProps) {
  const t = useTranslations("machine.chain");
  const mayRead = useMayI("raw:read");
  const [open, setOpen] = useState<string>();
  const first = events[0];
  if (!mayRead || first === undefined) return null;
  return (
    <>
      <Button
        variant="subtle"
        aria-label={t("raw", { document })}
        onClick={() => setOpen(first.event_id)}
      >
        {t("message")}
      </Button>
      {open === undefined ? null : (
        <Suspense>
          <RawMessage
            event={open}
            title={t("raw", { document })}
            zone={zone}
            onClose={() => setOpen(undefined)}
          />
        </Suspense>
      )}
    </>
  );
}

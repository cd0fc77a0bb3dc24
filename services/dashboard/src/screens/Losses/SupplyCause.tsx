/** A part that was out of stock, and the deliveries of it that were late. */
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import type { SupplyCaused } from "../../api/losses";
import { useFormats } from "../../shared/useFormats";
import styles from "./SupplyTile.module.css";

type LossCause = SupplyCaused["items"][number]["causes"][number];

export function Cause({ cause, zone }: { cause: LossCause; zone: string }) {
  const t = useTranslations("losses.supply");
  const format = useFormats(zone);
  const { stock_out: out } = cause;
  return (
    <div className={styles.cause}>
      <p>
        <Link
          to="/warehouse/$"
          params={{ _splat: cause.warehouse }}
          search={{ part: cause.material }}
        >
          {cause.material}
        </Link>{" "}
        {cause.description}{" "}
        <span className="second">
          {out.end === null
            ? t("outSince", { time: format.dayTime(out.start) })
            : t("out", { span: format.span(out.start, out.end) })}
        </span>
      </p>
      {cause.deliveries.length === 0 ? (
        <p className="second">
          {t("noDelivery", { suppliers: cause.suppliers.join(", ") || "–" })}
        </p>
      ) : null}
      <ul className={styles.plain}>
        {cause.deliveries.map((delivery) => (
          <li key={`${delivery.call_off} ${delivery.due}`}>
            {t("delivery", {
              quantity: format.number(delivery.quantity),
              due: format.dayTime(delivery.due),
              late: format.duration(delivery.delay_s),
            })}{" "}
            <Link to="/suppliers" search={{ supplier: delivery.supplier }}>
              {delivery.supplier_name}
            </Link>{" "}
            <span className="second">
              {delivery.fulfilled_at === null
                ? t("open", { quantity: format.number(delivery.open_quantity) })
                : t("fulfilled", { time: format.dayTime(delivery.fulfilled_at) })}
            </span>
            {delivery.events.map(({ event_id: id, link }) => (
              <a key={id} className={styles.message} href={link}>
                {t("message")}
              </a>
            ))}
          </li>
        ))}
      </ul>
    </div>
  );
}

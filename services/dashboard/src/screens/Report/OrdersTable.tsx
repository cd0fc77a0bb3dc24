/** The orders of the shift with their good parts and scrap. */
import { useTranslations } from "use-intl";
import type { ShiftReport } from "../../api/reports";
import { nameOf } from "../../shared/format";
import { ScrollBox } from "../../shared/ScrollBox";
import { useFormats } from "../../shared/useFormats";

export function OrdersTable({ report }: { report: ShiftReport }) {
  const t = useTranslations("report");
  const format = useFormats(report.time_zone);
  if (report.orders.length === 0) return <p className="second">{t("noOrders")}</p>;
  return (
    <ScrollBox label={t("orders")}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("order")}</th>
            <th scope="col">{t("machine")}</th>
            <th scope="col">{t("material")}</th>
            {(["producing", "lost", "good", "scrapParts", "planned"] as const).map((name) => (
              <th key={name} scope="col" className="number">
                {t(name)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {report.orders.map((order) => (
            <tr key={`${order.equipment} ${order.order_number} ${order.start}`}>
              <td>{order.order_number}</td>
              <td>{nameOf(order.equipment)}</td>
              <td>{order.material ?? "–"}</td>
              <td className="number">{format.duration(order.producing_s)}</td>
              <td className="number">{format.duration(order.lost_s)}</td>
              <td className="number">{format.number(order.good)}</td>
              <td className="number">{format.number(order.scrap)}</td>
              <td className="number">{format.number(order.planned_quantity)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}

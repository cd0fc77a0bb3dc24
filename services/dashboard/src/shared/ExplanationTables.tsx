/** The sums that a number was computed from, in all and by machine. */
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import type { Explanation } from "../api/explanations";
import { nameOf } from "./format";
import { ScrollBox } from "./ScrollBox";
import { useFormats } from "./useFormats";

export function ExplainedSums({ elements }: { elements: Explanation["elements"] }) {
  const t = useTranslations("common.explained");
  const format = useFormats();
  return (
    <>
      <h3>{t("sums")}</h3>
      <ScrollBox label={t("sums")}>
        <table>
          <tbody>
            {Object.entries(elements).map(([name, value]) => (
              <tr key={name}>
                <th scope="row">
                  <code>{name}</code>
                </th>
                <td className="number">
                  {name.endsWith("_s")
                    ? format.duration(value)
                    : format.number(value, digitsOf(value))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
    </>
  );
}

export function ExplainedMachines({ data, zone }: { data: Explanation; zone: string }) {
  const t = useTranslations("common.explained");
  const format = useFormats(zone);
  const hidden = data.machine_count - data.machines.length;
  const write = (value: number | null) =>
    data.unit === "ratio" ? format.share(value) : format.number(value, 2);
  if (data.machines.length === 0) return null;
  return (
    <>
      <h3>{t("machines", { count: data.machine_count })}</h3>
      <ScrollBox label={t("machines", { count: data.machine_count })}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t("machine")}</th>
              <th scope="col" className="number">
                {t("value")}
              </th>
              <th scope="col" className="number">
                {t("known")}
              </th>
              <th scope="col">{t("signals")}</th>
            </tr>
          </thead>
          <tbody>
            {data.machines.map((machine) => (
              <tr key={machine.equipment}>
                <th scope="row">
                  <Link
                    to="/machine/$"
                    params={{ _splat: machine.equipment }}
                    search={{ start: data.start, end: data.end }}
                  >
                    {nameOf(machine.equipment)}
                  </Link>
                </th>
                <td className="number" title={machine.reason ?? undefined}>
                  {write(machine.value)}
                </td>
                <td className="number">{format.share(machine.coverage)}</td>
                <td className="second">{machine.signals.map(({ role }) => role).join(", ")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
      {hidden > 0 ? <p className="second">{t("moreMachines", { count: hidden })}</p> : null}
    </>
  );
}

function digitsOf(value: number | null): number {
  return value === null || Number.isInteger(value) ? 0 : 2;
}

/** The pieces of a timeline as a table: what the picture shows, for those who do not see it. */
import { useTranslations } from "use-intl";
import type { StatePiece } from "../../api/equipment";
import { nameOf } from "../format";
import { ScrollBox } from "../ScrollBox";
import { machineState } from "../states";
import { useFormats } from "../useFormats";
import type { Span } from "./timeline";

interface Props {
  pieces: readonly StatePiece[];
  path: string;
  span: Span;
  zone: string;
}

export function StateTable({ pieces, path, span, zone }: Props) {
  const t = useTranslations("machine");
  const states = useTranslations("states");
  const format = useFormats(zone);
  const isLine = pieces.some((piece) => piece.equipment !== path);
  return (
    <ScrollBox label={t("states")} isLow>
      <table>
        <thead>
          <tr>
            {isLine ? <th scope="col">{t("title")}</th> : null}
            <th scope="col">{t("state")}</th>
            <th scope="col">{t("from")}</th>
            <th scope="col">{t("to")}</th>
            <th scope="col" className="number">
              {t("time")}
            </th>
            <th scope="col">{t("orderHead")}</th>
            <th scope="col">{t("codeHead")}</th>
          </tr>
        </thead>
        <tbody>
          {pieces.map((piece) => (
            <tr key={`${piece.equipment} ${piece.start}`}>
              {isLine ? <td>{nameOf(piece.equipment)}</td> : null}
              <td>{states(machineState(piece.state))}</td>
              <td>{`${format.day(piece.start)} ${format.time(piece.start, true)}`}</td>
              <td>{piece.end === null ? t("goesOn") : format.timeIn(span, piece.end, true)}</td>
              <td className="number">{format.duration(piece.duration_s)}</td>
              <td>{piece.order_number ?? "–"}</td>
              <td>{piece.code ?? "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}

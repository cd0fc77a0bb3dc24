/** One piece of a machine's time in words: state, from, to, length, order, machine code. */
import { useTranslations } from "use-intl";
import { machineState } from "../states";
import { useFormats } from "../useFormats";
import type { Span, StateSpan } from "./timeline";

interface Props {
  piece: StateSpan;
  span: Span;
  zone: string;
}

export function PieceText({ piece, span, zone }: Props) {
  const t = useTranslations("machine");
  const states = useTranslations("states");
  const format = useFormats(zone);
  const start = format.timeIn(span, piece.start, true);
  const end = piece.end === null ? t("goesOn") : format.timeIn(span, piece.end, true);
  const parts = [
    states(machineState(piece.state)),
    `${start}–${end}`,
    format.duration(piece.duration_s),
    ...(piece.order_number === null ? [] : [t("order", { number: piece.order_number })]),
    ...(piece.code === null ? [] : [t("machineCode", { code: piece.code })]),
  ];
  return <>{parts.join(" · ")}</>;
}

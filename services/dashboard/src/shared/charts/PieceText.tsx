/** One piece of a machine's time in words: state, from, to, length, order, machine code. */
import { useTranslations } from "use-intl";
import { machineState } from "../states";
import { useFormats } from "../useFormats";
import type { Span, StateSpan } from "./timeline";

const LONG_MS = 25 * 3_600_000; // the longest day: beyond it a time of day is ambiguous

interface Props {
  piece: StateSpan;
  span: Span;
  zone: string;
}

export function PieceText({ piece, span, zone }: Props) {
  const t = useTranslations("machine");
  const states = useTranslations("states");
  const format = useFormats(zone);
  const day = span.endMs - span.startMs > LONG_MS ? `${format.day(piece.start)} ` : "";
  const end = piece.end === null ? t("goesOn") : format.time(piece.end, true);
  const parts = [
    states(machineState(piece.state)),
    `${day}${format.time(piece.start, true)}–${end}`,
    format.duration(piece.duration_s),
    ...(piece.order_number === null ? [] : [t("order", { number: piece.order_number })]),
    ...(piece.code === null ? [] : [t("machineCode", { code: piece.code })]),
  ];
  return <>{parts.join(" · ")}</>;
}

/** A link that opens a raw message beside its reading; only for who may read messages. */
import { Link } from "@tanstack/react-router";
import { useMayI } from "../../shared/useMayI";

interface Props {
  event: string | undefined;
  /** What is seen, and what a screen reader reads. */
  text: string;
  label: string;
}

export function MessageLink({ event, text, label }: Props) {
  const mayRead = useMayI("raw:read");
  if (event === undefined || !mayRead) return null;
  return (
    <Link to="." search={(before) => ({ ...before, event })} resetScroll={false} aria-label={label}>
      {text}
    </Link>
  );
}

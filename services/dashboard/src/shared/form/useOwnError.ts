/** What a field finds wrong by itself: the form does not save while it is there. */
import { type RefObject, useEffect, useRef } from "react";

export function useOwnError(error: string | undefined): RefObject<HTMLInputElement | null> {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.setCustomValidity(error ?? ""), [error]);
  return input;
}

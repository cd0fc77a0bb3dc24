/** Letters that somebody types before the field that they open has the focus. */
import { useCallback, useLayoutEffect, useRef } from "react";

/** What has been typed after a press: letters are added, Backspace takes the last one away. */
export function typedWith(text: string, key: string): string | undefined {
  if (key === "Backspace") return [...text].slice(0, -1).join("");
  return [...key].length === 1 ? text + key : undefined;
}

/**
 * Catch what is typed while `isOpening`, before any shortcut of the page takes it for its own.
 * Return what ends that and gives the letters: for the field, once it has the focus.
 */
export function useTypeAhead(isOpening: boolean): () => string {
  const text = useRef("");
  const end = useRef(() => {});
  useLayoutEffect(() => {
    if (!isOpening) return;
    function onKeyDown(event: KeyboardEvent) {
      if (event.ctrlKey || event.metaKey || event.target instanceof HTMLInputElement) return;
      const typed = typedWith(text.current, event.key);
      if (typed === undefined) return;
      text.current = typed;
      event.preventDefault();
      event.stopPropagation();
    }
    text.current = "";
    end.current = () => window.removeEventListener("keydown", onKeyDown, true);
    window.addEventListener("keydown", onKeyDown, true);
    return () => end.current();
  }, [isOpening]);
  return useCallback(() => {
    end.current();
    const typed = text.current;
    text.current = "";
    return typed;
  }, []);
}

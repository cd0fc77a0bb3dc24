/** Keys that do something on a screen: `useShortcut("[", earlier)`. */
import { type RefObject, useEffect, useRef } from "react";
import { areShortcutsOn, isSign, Shortcuts } from "./shortcuts";

const registry = new Shortcuts();

interface Options {
  /** What it does, for the list that `?` opens; well-known keys have a text of their own. */
  label?: string;
  /** The part in which the key works: that of the focused one, else of the first on the screen. */
  within?: RefObject<Element | null>;
  isOff?: boolean;
}

/** Call `handler` when the key is pressed: not in inputs, not below a dialog, not if switched off. */
export function useShortcut(key: string, handler: () => void, options: Options = {}): void {
  const newest = useRef(handler);
  newest.current = handler;
  const { label, within, isOff = false } = options;
  useEffect(() => {
    if (isOff) return;
    return registry.add({
      key,
      run: () => newest.current(),
      label,
      within: within === undefined ? undefined : () => within.current,
    });
  }, [key, label, within, isOff]);
}

/** The keys of the screen that is shown, each once, with the label that it was given. */
export function shownShortcuts(): { key: string; label: string | undefined }[] {
  const byKey = new Map(registry.all.map(({ key, label }) => [key, label]));
  return [...byKey].map(([key, label]) => ({ key, label }));
}

/** Listen to the keyboard; once, in the frame of the page. */
export function useKeyboard(): void {
  useEffect(() => {
    window.addEventListener("keydown", noteDialog, { capture: true });
    document.addEventListener("keydown", onKeyDown);
    return () => {
      window.removeEventListener("keydown", noteDialog, { capture: true });
      document.removeEventListener("keydown", onKeyDown);
    };
  }, []);
}

// Whether a dialog was open when a key was pressed: one that the key closes is gone in the end, and
// the key does nothing else.
let isBelowDialog = false;

function noteDialog(): void {
  isBelowDialog = document.querySelector('[role="dialog"][aria-modal="true"]') !== null;
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || isTyping(event.target)) return;
  if (isSign(event.key) && !areShortcutsOn()) return;
  if (isBelowDialog) return;
  const { key, altKey, ctrlKey, metaKey } = event;
  const isAltGraph = event.getModifierState("AltGraph");
  const found = registry.pressed(
    { key, altKey, ctrlKey, metaKey, isAltGraph },
    event.timeStamp,
    document.activeElement,
  );
  if (found === undefined) return;
  event.preventDefault();
  found.run();
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    // Boxes that are ticked take no letters.
    target.closest(
      "input:not([type='checkbox'], [type='radio']), textarea, select, [contenteditable='true']",
    ) !== null
  );
}

/** Puts a text into the clipboard, and says so. */
import { announce } from "./toasts";

/** `otherwise`: without TLS a browser has no clipboard for pages. */
export async function copyText(text: string, done: string, otherwise: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    announce(done);
  } catch {
    announce(otherwise);
  }
}

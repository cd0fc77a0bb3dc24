/** A raw message as text: UTF-8 where it is, else Latin-1, which EDIFACT's UNOC means. */
export function rawText(base64: string | null | undefined): string | undefined {
  if (base64 === null || base64 === undefined) return undefined;
  const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  const text = decoded(bytes);
  // A segment a line: EDIFACT has no line breaks of its own.
  return text.startsWith("UN") && !text.includes("\n") ? text.replaceAll("'", "'\n") : text;
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("iso-8859-1").decode(bytes);
  }
}

/** Numbers as people type them. */
import type { Language } from "../../i18n/language";

/** Return the number of a text: 1234.5 or 1,234.5; in German 1234,5 or 1.234,5; null: it is none. */
export function numberOf(text: string, language: Language): number | null {
  const [group, mark] = language === "de" ? [".", ","] : [",", "."];
  const bare = text.replaceAll(/[\s\u00a0\u202f]/g, "").replace("−", "-");
  if (!new RegExp(`^-?\\d*(\\${group}\\d{3})*(\\${mark}\\d*)?$`).test(bare)) return null;
  const number = bare.replaceAll(group, "").replace(mark, ".");
  return /\d/.test(number) ? Number(number) : null;
}

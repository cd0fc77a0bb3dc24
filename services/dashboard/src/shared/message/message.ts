/** A raw message divided into segments, and which fields of its event were read from which. */

export interface Segment {
  text: string;
  /** Its components, without the separators. */
  values: readonly string[];
}

const DATE_DIGITS = 8; // 20261130: the shortest form of a time that counts as one

/** Decode the base64 of a message; undefined: it is no text. */
export function textOf(base64: string): string | undefined {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  if (bytes.subarray(0, 4096).includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** Divide EDIFACT into its segments, anything else into its lines. */
export function segmentsOf(text: string): Segment[] {
  return /^\s*(UNA|UNB\+)/.test(text) ? edifactOf(text.trimStart()) : linesOf(text);
}

function edifactOf(text: string): Segment[] {
  const hasUna = text.startsWith("UNA");
  const marks = hasUna ? text.slice(3, 9) : ":+.? '";
  const [component = ":", element = "+", , release = "?", , end = "'"] = marks;
  const segments: Segment[] = hasUna ? [{ text: text.slice(0, 9), values: [] }] : [];
  let raw = "";
  let value = "";
  let values: string[] = [];
  const body = hasUna ? text.slice(9) : text;
  for (let index = 0; index < body.length; index++) {
    const letter = body[index] ?? "";
    if (letter === release) {
      index += 1;
      raw += letter + (body[index] ?? "");
      value += body[index] ?? "";
    } else if (letter === end) {
      segments.push({ text: (raw + letter).trim(), values: [...values, value.trim()] });
      [raw, value, values] = ["", "", []];
    } else {
      raw += letter;
      if (letter === component || letter === element) {
        values.push(value.trim());
        value = "";
      } else value += letter;
    }
  }
  if (raw.trim() !== "") segments.push({ text: raw.trim(), values: [...values, value.trim()] });
  return segments;
}

function linesOf(text: string): Segment[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .map((line) => ({
      text: line,
      values: line
        .split(/[;,\t|<>{}[\]":=]|\s{2,}/)
        .map((value) => value.trim())
        .filter((value) => value !== ""),
    }));
}

/** Return the segments (by number) that each field was read from: those with its value.
 *
 * `item`: the place in the message, such as UNH 1 LIN 1. A value of one character, which many
 * segments have, counts in segments of its last tag alone.
 */
export function linksOf(
  fields: Readonly<Record<string, unknown>>,
  segments: readonly Segment[],
  item: string,
): Map<string, number[]> {
  const tag = item.match(/[A-Z]{3}/g)?.at(-1);
  return new Map(
    Object.entries(fields).map(([name, value]) => {
      const wanted = formsOf(name, value);
      const found = segments.flatMap((segment, index) =>
        segment.values.some((one) =>
          wanted.some(
            (form) => isSame(one, form) && (form.length > 1 || segment.values[0] === tag),
          ),
        )
          ? [index]
          : [],
      );
      return [name, found];
    }),
  );
}

/** The texts that may stand for a value in a message. */
function formsOf(name: string, value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => formsOf(name, one));
  if (typeof value === "number") {
    return name.endsWith("_us") ? timesOf(value) : [String(value), String(value).replace(".", ",")];
  }
  return typeof value === "string" && value !== "" ? [value] : [];
}

function timesOf(us: number): string[] {
  const iso = new Date(us / 1000).toISOString();
  const digits = iso.replace(/\D/g, "");
  return [digits.slice(0, 14), digits.slice(0, 12), digits.slice(0, DATE_DIGITS), iso.slice(0, 10)];
}

function isSame(part: string, form: string): boolean {
  if (part === form) return true;
  // Numbers are written as 600, 600.0 or 600,00; times have their zone behind them.
  if (/^\d{12,14}(UTC|Z)?$/.test(part)) return part.replace(/(UTC|Z)$/, "") === form;
  return /^-?\d+[.,]\d+$/.test(part) && /^-?[\d.]+$/.test(form)
    ? Number(part.replace(",", ".")) === Number(form)
    : false;
}

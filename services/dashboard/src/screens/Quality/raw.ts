/** Raw bytes as text that is safe to show, with the place that could not be read. */

export interface Piece {
  text: string;
  /** A control character or a byte that is no text. */
  isEscape: boolean;
  /** Part of what could not be read. */
  isMarked: boolean;
}

/** Where an entry failed: its place in the message, and why. */
export interface Failure {
  position: string;
  reason: string;
}

const HEX_ROW = 16;
const BINARY_SHARE = 0.1;
const QUOTED = /'([^']+)'|"([^"]+)"/g;
// The last segment of a place such as "UNH 1 LIN 2 QTY (segment 12, byte 345)".
const SEGMENT = /([A-Z]{3})(?: \d+)?(?: \(segment[^)]*\))?$/;

export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
}

/** Whether so many bytes are no text that they are shown as hexadecimal numbers. */
export function isBinary(bytes: Uint8Array): boolean {
  const strange = bytes.filter(
    (byte) => (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13) || byte === 127,
  );
  return bytes.length > 0 && strange.length / bytes.length > BINARY_SHARE;
}

/** Return rows of 16 bytes: "0010  41 42 …  AB…". */
export function hexRows(bytes: Uint8Array): string[] {
  const rows: string[] = [];
  for (let start = 0; start < bytes.length; start += HEX_ROW) {
    const row = [...bytes.subarray(start, start + HEX_ROW)];
    const numbers = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const signs = row.map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : "·"));
    const at = start.toString(16).padStart(4, "0");
    rows.push(`${at}  ${numbers.padEnd(HEX_ROW * 3 - 1)}  ${signs.join("")}`);
  }
  return rows;
}

/** Return the text of the bytes; what is no UTF-8 is read as Latin-1, as most old systems write. */
export function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return [...bytes].map((byte) => String.fromCharCode(byte)).join("");
  }
}

/** Return the span of the text that could not be read: from, to; undefined: not known. */
export function failedSpan(text: string, failure: Failure): [number, number] | undefined {
  const [from, to] = segmentSpan(text, failure.position) ?? [0, text.length];
  const values = [...failure.reason.matchAll(QUOTED)].flatMap(
    ([, one, other]) => one ?? other ?? [],
  );
  for (const value of values) {
    const at = placeOf(text.slice(from, to), value);
    if (at >= 0) return [from + at, from + at + value.length];
  }
  for (const value of values) {
    const at = placeOf(text, value);
    if (at >= 0) return [at, at + value.length];
  }
  return from === 0 && to === text.length ? undefined : [from, to];
}

/** A value as a whole: `1` is not the begin of `12`. */
function placeOf(text: string, value: string): number {
  for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + 1)) {
    const before = text[at - 1] ?? " ";
    const after = text[at + value.length] ?? " ";
    if (!isWordSign(before) && !isWordSign(after)) return at;
  }
  return -1;
}

function isWordSign(sign: string): boolean {
  return /[\p{L}\p{N}_]/u.test(sign);
}

/** The first EDIFACT segment of the tag that the place ends with. */
function segmentSpan(text: string, position: string): [number, number] | undefined {
  const tag = SEGMENT.exec(position)?.[1];
  if (tag === undefined) return undefined;
  const at = new RegExp(`(?:^|'\\s*)(${tag}\\+)`).exec(text);
  if (at === null) return undefined;
  const start = at.index + at[0].length - tag.length - 1;
  const end = text.indexOf("'", start);
  return [start, end < 0 ? text.length : end];
}

/** Whether a text is EDIFACT: each segment gets a line of its own. */
export function isEdifact(text: string): boolean {
  return /^\s*(?:UNA|UNB\+|UNH\+)/.test(text) || /'\s*[A-Z]{3}\+[^']*'/.test(text);
}

/** Return the text in pieces: plain, marked, and escapes of what is no visible character. */
export function piecesOf(text: string, failed: [number, number] | undefined): Piece[] {
  const breaks = isEdifact(text);
  const pieces: Piece[] = [];
  [...text].reduce((at, sign) => {
    const isMarked = failed !== undefined && at >= failed[0] && at < failed[1];
    const isEscape = isHidden(sign);
    const shown = isEscape ? escapeOf(sign) : breaks && sign === "'" ? "'\n" : sign;
    const last = pieces.at(-1);
    if (last !== undefined && last.isEscape === isEscape && last.isMarked === isMarked) {
      last.text += shown;
    } else {
      pieces.push({ text: shown, isEscape, isMarked });
    }
    return at + sign.length;
  }, 0);
  return pieces;
}

/** Control characters, and those that change the order or the look of others. */
function isHidden(sign: string): boolean {
  return sign !== "\n" && /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cn}\p{Co}\p{Cs}]/u.test(sign);
}

function escapeOf(sign: string): string {
  const code = sign.codePointAt(0) ?? 0;
  if (sign === "\t") return "→\t";
  if (sign === "\r") return "␍";
  return code < 256 ? `\\x${hex(code, 2)}` : `\\u{${hex(code, 4)}}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}

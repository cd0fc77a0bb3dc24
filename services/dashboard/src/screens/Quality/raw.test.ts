import { describe, expect, it } from "vitest";
import { bytesOf, failedSpan, hexRows, isBinary, piecesOf, textOf } from "./raw";

const LINES = "LIN+1++40017-02:IN'QTY+12:144:PCE'LIN+2++40017-03:IN'QTY+12:12O:PCE'";

function marked(text: string, position: string, reason: string): string | undefined {
  const span = failedSpan(text, { position, reason });
  return span === undefined ? undefined : text.slice(...span);
}

describe("the failing place", () => {
  it("is the value that the reason names, in its segment", () => {
    const reason = "quantity: '12O' is not a number";
    expect(marked(LINES, "UNH 1 LIN 2 QTY (segment 12, byte 345)", reason)).toBe("12O");
  });

  it("is the segment where the value is not in it", () => {
    const text = "UNH+1'DTM+2:0148:102'";
    expect(marked(text, "UNH 1 DTM (segment 2)", "the date has no year")).toBe("DTM+2:0148:102");
  });

  it("is a whole value, not the begin of another", () => {
    const text = '{"a": 12, "b": 1}';
    expect(failedSpan(text, { position: "", reason: "'1' is not in its table" })).toEqual([15, 16]);
  });

  it("is a code with letters beyond ASCII", () => {
    expect(marked('{"z": "STÖRUNG"}', "", "state code 'STÖRUNG' is not in table 'z'")).toBe(
      "STÖRUNG",
    );
  });

  it("is unknown where the reason names nothing in the text", () => {
    expect(marked("abc", "", "no rule of mapping m@1 matches this address")).toBeUndefined();
    expect(marked("abc", "line 3", "'xyz' is not a number")).toBeUndefined();
  });
});

describe("bytes as text", () => {
  it("shows control characters and hidden signs as escapes", () => {
    const pieces = piecesOf("a\u0007b\u202Ec\r\n", undefined);
    expect(pieces.map(({ text, isEscape }) => [text, isEscape])).toEqual([
      ["a", false],
      ["\\x07", true],
      ["b", false],
      ["\\u{202e}", true],
      ["c", false],
      ["␍", true],
      ["\n", false],
    ]);
  });

  it("marks the span and nothing else", () => {
    const pieces = piecesOf("ab12cd", [2, 4]);
    expect(pieces.map(({ text, isMarked }) => [text, isMarked])).toEqual([
      ["ab", false],
      ["12", true],
      ["cd", false],
    ]);
  });

  it("gives each EDIFACT segment a line", () => {
    const text = piecesOf("UNH+1'QTY+1:2'", undefined).map((piece) => piece.text);
    expect(text.join("")).toBe("UNH+1'\nQTY+1:2'\n");
  });

  it("reads UTF-8, else Latin-1", () => {
    expect(textOf(bytesOf(btoa("\xc3\xb6")))).toBe("ö");
    expect(textOf(bytesOf(btoa("St\xf6rung")))).toBe("Störung");
  });

  it("shows binary as hexadecimal rows", () => {
    const bytes = bytesOf(btoa("\x00\x01\x02\xffAB"));
    expect(isBinary(bytes)).toBe(true);
    expect(hexRows(bytes)).toEqual([`0000  00 01 02 ff 41 42${" ".repeat(32)}····AB`]);
    expect(isBinary(bytesOf(btoa("temperature 12,5\n")))).toBe(false);
  });
});

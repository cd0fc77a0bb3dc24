import { beforeEach, describe, expect, it } from "vitest";
import { isSign, type Press, Shortcuts } from "./shortcuts";

function press(key: string, held: Partial<Press> = {}): Press {
  return { key, altKey: false, ctrlKey: false, metaKey: false, isAltGraph: false, ...held };
}

describe("shortcuts", () => {
  let shortcuts: Shortcuts;
  let done: string[];
  const add = (key: string, name = key) => shortcuts.add({ key, run: () => void done.push(name) });
  const type = (key: string, atMs = 0, held: Partial<Press> = {}) =>
    shortcuts.pressed(press(key, held), atMs, null)?.run();

  beforeEach(() => {
    shortcuts = new Shortcuts();
    done = [];
  });

  it("runs the newest of a key, and the one before after it is gone", () => {
    add("v", "old");
    const remove = add("v", "new");
    type("v");
    remove();
    type("v");
    expect(done).toEqual(["new", "old"]);
  });

  it("takes two keys after each other, for a moment", () => {
    add("g p");
    add("p");
    type("g");
    type("p", 1000);
    type("g", 2000);
    type("p", 4000);
    type("p", 4100);
    expect(done).toEqual(["g p", "p", "p"]);
  });

  it("leaves keys with Ctrl or Meta to the browser", () => {
    add("e");
    type("e", 0, { ctrlKey: true });
    type("e", 0, { metaKey: true });
    type("e", 0, { altKey: true });
    expect(done).toEqual([]);
  });

  it("takes signs that a keyboard makes with AltGr or Alt", () => {
    add("[");
    type("[", 0, { ctrlKey: true, altKey: true, isAltGraph: true });
    type("[", 0, { altKey: true });
    expect(done).toEqual(["[", "["]);
  });
});

it("gives a key to the inner one of two parts, whichever came first", () => {
  const number = part([]);
  const tile = part([number]);
  for (const order of [
    [number, tile],
    [tile, number],
  ]) {
    const shortcuts = new Shortcuts();
    for (const one of order) shortcuts.add({ key: "e", run: () => undefined, within: () => one });
    expect(shortcuts.pressed(press("e"), 0, number)?.within?.()).toBe(number);
    expect(shortcuts.pressed(press("e"), 0, tile)?.within?.()).toBe(tile);
  }
});

/** A part of a page with others inside of it. */
function part(inner: readonly Element[]): Element {
  const self: Pick<Element, "contains"> = {
    contains: (other) => other === self || inner.some((one) => one === other),
  };
  return self as Element;
}

it("counts signs alone as what can be switched off", () => {
  expect(["g p", "?", "[", "Enter", "ArrowUp"].map(isSign)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});

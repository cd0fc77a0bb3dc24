import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { beforeEach, describe, expect, it, test } from "vitest";
import { TEXTS } from "../app/texts";
import { chooseLanguage } from "./language";
import { FIRST_PARTS, type Part, Texts } from "./messages";

const SOURCE = resolve(import.meta.dirname, "..");
const IMPORT = /(?:from|import)\s*\(?\s*"(\.[^"]+)"/g;
const TEXTS_OF = /useTranslations(?:<|\()"([a-zA-Z]+)/g;
const SCREEN = /\/screens\/(\w+)\/\1Screen\.tsx$/;

describe("texts", () => {
  let asked: string[];
  let made: Texts;
  beforeEach(() => {
    asked = [];
    chooseLanguage("en");
    made = new Texts(async (language, part) => {
      asked.push(`${language} ${part}`);
      return { of: `${language} ${part}` };
    });
  });

  it("are those of the first parts, and of a screen once somebody opens it", async () => {
    await made.show("en");
    expect(asked).toEqual(["en common", "en states"]);
    await made.want(["machine"]);
    await made.want(["machine"]);
    expect(asked).toEqual(["en common", "en states", "en machine"]);
    expect(Object.keys(made.current()?.messages ?? {})).toEqual(["common", "states", "machine"]);
  });

  it("are shown in another language when all of them are there", async () => {
    await made.want(["machine"]);
    const shown: unknown[] = [];
    made.subscribe(() => shown.push(made.current()));
    chooseLanguage("de");
    await Promise.all([made.show("de"), made.want(["trends"])]);
    expect(made.current()?.language).toBe("de");
    expect(Object.keys(made.current()?.messages ?? {}).toSorted()).toEqual([
      "common",
      "machine",
      "states",
      "trends",
    ]);
    expect(shown.length).toBeLessThanOrEqual(2);
  });

  it("of a language that is not chosen any more are not shown", async () => {
    chooseLanguage("de");
    const german = made.show("de");
    chooseLanguage("en");
    await made.show("en");
    await german;
    expect(made.current()?.language).toBe("en");
  });
});

test.each(Object.entries(TEXTS))(
  "%s loads the texts that it shows, and no others",
  (name, parts) => {
    const entry = join(SOURCE, "screens", name.replace(/Screen$/, ""), `${name}.tsx`);
    const first: readonly Part[] = FIRST_PARTS;
    const own = [...partsBelow(entry)].filter((part) => !first.some((one) => one === part));
    expect(own.toSorted()).toEqual([...parts].toSorted());
  },
);

test("what is there before any screen has its texts from the first", () => {
  const known: readonly string[] = FIRST_PARTS;
  const parts = partsBelow(join(SOURCE, "app/main.tsx"));
  expect([...parts].filter((part) => !known.includes(part))).toEqual([]);
});

test.each(readdirSync(join(SOURCE, "i18n/en")).filter((name) => name.endsWith(".json")))(
  "%s has the same texts in both languages",
  (name) => {
    const [en, de] = ["en", "de"].map((language) =>
      keysOf(JSON.parse(readFileSync(join(SOURCE, "i18n", language, name), "utf8"))),
    );
    expect(de).toEqual(en);
  },
);

function keysOf(texts: object, above = ""): string[] {
  return Object.entries(texts)
    .flatMap(([key, value]) =>
      typeof value === "object" ? keysOf(value, `${above}${key}.`) : [`${above}${key}`],
    )
    .toSorted();
}

/** Return the parts whose texts a module and all that it loads use, without other screens. */
function partsBelow(entry: string): Set<string> {
  const seen = new Set<string>();
  const parts = new Set<string>();
  const rest = [entry];
  for (let file = rest.pop(); file !== undefined; file = rest.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const text = readFileSync(file, "utf8");
    for (const [, part] of text.matchAll(TEXTS_OF)) if (part !== undefined) parts.add(part);
    for (const [, name] of text.matchAll(IMPORT)) {
      const found = name === undefined ? undefined : fileOf(resolve(dirname(file), name));
      if (found !== undefined && !SCREEN.test(found)) rest.push(found);
    }
  }
  return parts;
}

function fileOf(path: string): string | undefined {
  return [`${path}.ts`, `${path}.tsx`].find((file) => {
    return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
  });
}

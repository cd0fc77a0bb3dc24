/** The texts of the page: a file of a language and a part of it, each loaded with its screen. */
import { currentLanguage, type Language } from "./language";

export type Messages = typeof import("./en/index").default;
export type Part = keyof Messages;

declare module "use-intl" {
  interface AppConfig {
    Messages: Messages;
  }
}

/** What is shown before any screen. */
export const FIRST_PARTS = ["common", "states"] as const satisfies readonly Part[];

export interface Shown {
  language: Language;
  /** Of the parts that were asked for. */
  messages: Partial<Messages>;
}

type Load = (language: Language, part: Part) => Promise<unknown>;

/** Which texts are loaded, and in which language they are shown. */
export class Texts {
  #load: Load;
  #wanted = new Set<Part>(FIRST_PARTS);
  #loaded: Record<Language, Partial<Messages>> = { en: {}, de: {} };
  #shown: Shown | undefined;
  #listeners = new Set<() => void>();

  constructor(load: Load) {
    this.#load = load;
  }

  /** For `useSyncExternalStore`; undefined before the first texts are there. */
  current = (): Shown | undefined => this.#shown;
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Load the texts of parts, now and in each language that is chosen later. */
  async want(parts: readonly Part[]): Promise<void> {
    for (const part of parts) this.#wanted.add(part);
    await this.show(currentLanguage());
  }

  /** Show a language as soon as all of its texts are there. */
  async show(language: Language): Promise<void> {
    const loaded = this.#loaded[language];
    for (;;) {
      const missing = [...this.#wanted].filter((part) => loaded[part] === undefined);
      if (missing.length === 0) break;
      const found = await Promise.all(missing.map((part) => this.#load(language, part)));
      Object.assign(loaded, Object.fromEntries(missing.map((part, n) => [part, found[n]])));
    }
    if (language !== currentLanguage()) return; // another one was chosen since
    const parts = Object.keys(loaded).length;
    if (this.#shown?.language === language && Object.keys(this.#shown.messages).length === parts) {
      return;
    }
    this.#shown = { language, messages: { ...loaded } };
    for (const listener of this.#listeners) listener();
  }
}

const FILES = import.meta.glob<unknown>("./{en,de}/*.json", { import: "default" });

export const texts = new Texts((language, part) => {
  const load = FILES[`./${language}/${part}.json`];
  return load === undefined ? Promise.reject(new Error(`No texts: ${part}`)) : load();
});

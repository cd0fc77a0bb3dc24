/** The language of the page: chosen by hand, else the browser's; German or English. */
export const LANGUAGES = ["en", "de"] as const;
export type Language = (typeof LANGUAGES)[number];

const STORED = "werknetz.language";
let current: Language = storedLanguage() ?? browserLanguage();

export function currentLanguage(): Language {
  return current;
}

/** The locale of numbers and times. */
export function localeOf(language: Language): string {
  return language === "de" ? "de-DE" : "en-GB";
}

export function chooseLanguage(language: Language): void {
  current = language;
  globalThis.localStorage?.setItem(STORED, language);
}

function storedLanguage(): Language | undefined {
  const stored = globalThis.localStorage?.getItem(STORED);
  return LANGUAGES.find((language) => language === stored);
}

function browserLanguage(): Language {
  return (globalThis.navigator?.language ?? "en").toLowerCase().startsWith("de") ? "de" : "en";
}

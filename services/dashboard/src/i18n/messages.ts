/** The texts of the page: a file a part of it and language, loaded with the language. */
import type { Language } from "./language";

export type Messages = typeof import("./en/index").default;

declare module "use-intl" {
  interface AppConfig {
    Messages: Messages;
  }
}

export async function loadMessages(language: Language): Promise<Messages> {
  return language === "de"
    ? (await import("./de/index")).default
    : (await import("./en/index")).default;
}

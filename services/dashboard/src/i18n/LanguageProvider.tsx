/** Loads the texts of the language and offers the way to change it. */
import {
  createContext,
  type ReactNode,
  use,
  useCallback,
  useEffect,
  useMemo,
  useSyncExternalStore,
} from "react";
import { IntlProvider } from "use-intl";
import { chooseLanguage, currentLanguage, type Language, localeOf } from "./language";
import { texts } from "./messages";

interface LanguageChoice {
  language: Language;
  change: (language: Language) => void;
}

const Context = createContext<LanguageChoice>({ language: "en", change: () => undefined });

export function useLanguage(): LanguageChoice {
  return use(Context);
}

interface Props {
  children: ReactNode;
  /** Called after a change: answers hold sentences in the former language. */
  onChange: () => void;
}

export function LanguageProvider({ children, onChange }: Props) {
  const shown = useSyncExternalStore(texts.subscribe, texts.current);
  useEffect(() => {
    void texts.show(currentLanguage());
  }, []);
  const language = shown?.language ?? "en";
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);

  const change = useCallback(
    (next: Language) => {
      chooseLanguage(next);
      void texts.show(next).then(onChange);
    },
    [onChange],
  );

  const choice = useMemo(() => ({ language, change }), [language, change]);
  if (shown === undefined) return null;
  return (
    <Context value={choice}>
      <IntlProvider locale={localeOf(language)} messages={shown.messages} timeZone="UTC">
        {children}
      </IntlProvider>
    </Context>
  );
}

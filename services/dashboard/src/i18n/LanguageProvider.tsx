/** Loads the texts of the language and offers the way to change it. */
import {
  createContext,
  type ReactNode,
  use,
  useCallback,
  useEffect,
  useMemo,
  useState,
} from "react";
import { IntlProvider } from "use-intl";
import { chooseLanguage, currentLanguage, type Language, localeOf } from "./language";
import { loadMessages, type Messages } from "./messages";

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
  const [loaded, setLoaded] = useState<{ language: Language; messages: Messages }>();

  const show = useCallback(async (language: Language) => {
    const messages = await loadMessages(language);
    document.documentElement.lang = language;
    setLoaded({ language, messages });
  }, []);

  useEffect(() => {
    void show(currentLanguage());
  }, [show]);

  const change = useCallback(
    (language: Language) => {
      chooseLanguage(language);
      void show(language).then(onChange);
    },
    [show, onChange],
  );

  const language = loaded?.language ?? "en";
  const choice = useMemo(() => ({ language, change }), [language, change]);
  if (loaded === undefined) return null;
  return (
    <Context value={choice}>
      <IntlProvider locale={localeOf(language)} messages={loaded.messages} timeZone="UTC">
        {children}
      </IntlProvider>
    </Context>
  );
}

/** The picture as an address, as a call of the API, as Python and as SQL, into the clipboard. */
import { Button } from "@mantine/core";
import { useTranslations } from "use-intl";
import { announce } from "../../shared/toasts";
import { asApiCall, asPython, asSql, type Question } from "./copies";
import styles from "./TrendsScreen.module.css";

export function CopyButtons({ question }: { question: Question }) {
  const t = useTranslations("trends");
  const ways = {
    address: () => addressOf(question),
    api: () => asApiCall(question),
    python: () => asPython(question),
    sql: () => asSql(question),
  };

  async function copy(name: keyof typeof ways) {
    const text = ways[name]();
    try {
      await navigator.clipboard.writeText(text);
      announce(t("copied", { name: t(`copies.${name}`) }));
    } catch {
      // Without TLS a browser has no clipboard for pages: the text is shown to be copied by hand.
      window.prompt(t("copyByHand"), text);
    }
  }

  return (
    <fieldset className={styles.copies}>
      <legend className={styles.legend}>{t("copyAs")}</legend>
      {(["address", "api", "python", "sql"] as const).map((name) => (
        <Button key={name} variant="subtle" onClick={() => void copy(name)}>
          {t(`copies.${name}`)}
        </Button>
      ))}
    </fieldset>
  );
}

/** The address of this picture with its two ends, so that it shows the same tomorrow. */
function addressOf({ ids, start, end, origin }: Question): string {
  return `${origin}/trends?${new URLSearchParams({ signal: ids.join(","), start, end })}`;
}

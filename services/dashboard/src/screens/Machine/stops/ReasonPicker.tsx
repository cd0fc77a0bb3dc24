/** Chooses a reason: type to find it in the tree, or press the digit of one that is used often. */
import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useId, useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { type Reason, type ReasonKind, reasonsOf } from "../../../api/reasons";
import { lossesByReason } from "../../../api/stops";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { Answered } from "../../../shared/Answered";
import { useShortcut } from "../../../shared/keyboard";
import { Refused } from "../../../shared/Refused";
import { matching, mostUsed } from "../reasonChoice";
import styles from "./ReasonPicker.module.css";

interface Props {
  plant: string;
  /** The line or machine whose usual reasons get the digits. */
  usedAt: string;
  kind: ReasonKind;
  onChoose: (reason: Reason) => void;
}

const DIGITS = ["1", "2", "3", "4", "5", "6", "7", "8", "9"] as const;
const SHOWN_MAX = 50;

export function ReasonPicker({ plant, usedAt, kind, onChoose }: Props) {
  const query = useQuery(reasonsOf(plant, kind));
  const used = useQuery(lossesByReason(usedAt, { start: "-7d" }, "-stops"));
  return (
    <>
      <Refused queries={[used]} />
      <Answered query={query}>
        {({ items }) => (
          <Choice reasons={items} used={used.data?.items ?? []} onChoose={onChoose} />
        )}
      </Answered>
    </>
  );
}

interface ChoiceProps {
  reasons: readonly Reason[];
  used: readonly { reason: string | null; stops: number }[];
  onChoose: (reason: Reason) => void;
}

function Choice({ reasons, used, onChoose }: ChoiceProps) {
  const t = useTranslations("machine.entry");
  const id = useId();
  const pathOf = usePaths(reasons);
  const [typed, setTyped] = useState("");
  const [active, setActive] = useState(0);
  const often = useMemo(() => mostUsed(reasons, used), [reasons, used]);
  const found = useMemo(() => matching(reasons, typed).slice(0, SHOWN_MAX), [reasons, typed]);

  function onKeyDown(event: KeyboardEvent<HTMLInputElement>) {
    const digit = typed === "" ? DIGITS.indexOf(event.key as (typeof DIGITS)[number]) : -1;
    const byDigit = often[digit];
    if (byDigit !== undefined) {
      event.preventDefault();
      onChoose(byDigit);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      setActive(Math.max(0, Math.min(found.length - 1, active + step)));
    } else if (event.key === "Enter") {
      event.preventDefault();
      const reason = found[active];
      if (reason !== undefined && typed !== "") onChoose(reason);
    }
  }

  return (
    <div className={styles.picker}>
      <ol className={styles.often} aria-label={t("often")}>
        {often.map((reason, index) => (
          <li key={reason.code}>
            <Digit digit={DIGITS[index] ?? "1"} onPress={() => onChoose(reason)} />
            <button type="button" className={styles.quick} onClick={() => onChoose(reason)}>
              <kbd>{index + 1}</kbd> {pathOf(reason).at(-1)}
            </button>
          </li>
        ))}
      </ol>
      <label htmlFor={`${id}-input`}>{t("find")}</label>
      <input
        id={`${id}-input`}
        className={styles.input}
        type="search"
        role="combobox"
        autoComplete="off"
        aria-expanded={typed !== ""}
        aria-controls={`${id}-list`}
        aria-activedescendant={typed === "" ? undefined : `${id}-${active}`}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
      />
      {typed === "" ? null : (
        <div className={styles.list} id={`${id}-list`} role="listbox" aria-label={t("find")}>
          {found.map((reason, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys
            <div
              key={reason.code}
              id={`${id}-${index}`}
              className={styles.option}
              role="option"
              tabIndex={-1}
              aria-selected={index === active}
              onClick={() => onChoose(reason)}
            >
              {pathOf(reason).join(" › ")}
            </div>
          ))}
        </div>
      )}
      {typed !== "" && found.length === 0 ? <p className="second">{t("noReason")}</p> : null}
    </div>
  );
}

/** A digit works on the whole screen while stops are chosen. */
function Digit({ digit, onPress }: { digit: string; onPress: () => void }) {
  const t = useTranslations("machine.entry");
  useShortcut(digit, onPress, digit === "1" ? { label: t("digits") } : {});
  return null;
}

/** Return what gives the names of a reason from the top of the tree, in the page's language. */
export function usePaths(reasons: readonly Reason[]): (reason: Reason) => string[] {
  const { language } = useLanguage();
  return useMemo(() => {
    const byCode = new Map(reasons.map((reason) => [reason.code, reason]));
    return ({ path }: Reason) =>
      path.map((code) => {
        const part = byCode.get(code);
        return (language === "de" ? part?.name_de : part?.name_en) ?? code;
      });
  }, [reasons, language]);
}

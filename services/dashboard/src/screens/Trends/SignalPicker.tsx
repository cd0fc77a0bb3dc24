/** Find signals by words and put them into the picture. */
import { Button, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { foundSignals, type Signal } from "../../api/samples";
import { Answered } from "../../shared/Answered";
import { Dialog } from "../../shared/Dialog";
import { ScrollBox } from "../../shared/ScrollBox";
import { SIGNALS_MAX } from "./address";
import styles from "./SignalPicker.module.css";

const TYPING_MS = 250;

interface Props {
  ids: readonly number[];
  under: string | undefined;
  onChange: (ids: number[]) => void;
  onClose: () => void;
}

export function SignalPicker({ ids, under, onChange, onClose }: Props) {
  const t = useTranslations("trends");
  const [words, setWords] = useState("");
  const [searched] = useDebouncedValue(words, TYPING_MS);
  const query = useQuery(foundSignals(searched, under));
  const isFull = ids.length >= SIGNALS_MAX;
  return (
    <Dialog title={t("choose")} onClose={onClose} kind="drawer" size="lg">
      <TextInput
        type="search"
        label={t("find")}
        description={t("findHint")}
        value={words}
        data-autofocus
        onChange={(event) => setWords(event.currentTarget.value)}
      />
      <p className={styles.count} role="status">
        {t("chosen", { count: ids.length, max: SIGNALS_MAX })}
        {isFull ? ` ${t("full", { max: SIGNALS_MAX })}` : ""}
      </p>
      <Answered query={query}>
        {({ items, next_cursor: more }) =>
          items.length === 0 ? (
            <p className="second">{t("noneFound", { words: searched })}</p>
          ) : (
            <ScrollBox label={t("found")}>
              <ul className={styles.list}>
                {items.map((signal) => (
                  <Found
                    key={signal.id}
                    signal={signal}
                    isChosen={ids.includes(signal.id)}
                    isFull={isFull}
                    onToggle={() => onChange(toggled(ids, signal.id))}
                  />
                ))}
              </ul>
              {more === null ? null : <p className="second">{t("more")}</p>}
            </ScrollBox>
          )
        }
      </Answered>
    </Dialog>
  );
}

interface FoundProps {
  signal: Signal;
  isChosen: boolean;
  isFull: boolean;
  onToggle: () => void;
}

function Found({ signal, isChosen, isFull, onToggle }: FoundProps) {
  const t = useTranslations("trends");
  return (
    <li className={styles.found}>
      <span>
        <strong>{signal.name}</strong>
        {signal.unit === null ? "" : ` (${signal.unit})`}
        <br />
        <span className="second">
          {(signal.equipment ?? signal.connector_id).replaceAll("/", " / ")}
        </span>
      </span>
      <Button
        variant={isChosen ? "filled" : "default"}
        aria-pressed={isChosen}
        aria-label={t(isChosen ? "remove" : "add", { name: signal.key })}
        disabled={isFull && !isChosen}
        onClick={onToggle}
      >
        {t(isChosen ? "shown" : "show")}
      </Button>
    </li>
  );
}

function toggled(ids: readonly number[], id: number): number[] {
  return ids.includes(id) ? ids.filter((one) => one !== id) : [...ids, id];
}

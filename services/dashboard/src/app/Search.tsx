/** Finds equipment, suppliers, parts and signals by some letters; Enter goes there. */
import { TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type KeyboardEvent, useMemo, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { type Named, names, signalsLike } from "../api/search";
import { Answered } from "../shared/Answered";
import { Dialog } from "../shared/Dialog";
import { Refused } from "../shared/Refused";
import { addressOf, found } from "./found";
import styles from "./Search.module.css";

const WAIT_MS = 250; // until somebody has typed a word

interface Props {
  /** Gives what was typed before the field was there. */
  takeTyped: () => string;
  onClose: () => void;
}

export function Search({ takeTyped, onClose }: Props) {
  const t = useTranslations("common.search");
  const [text, setText] = useState("");
  const [words] = useDebouncedValue(text.trim(), WAIT_MS);
  const known = useQuery(names);
  const signals = useQuery(signalsLike(words));
  const list = useRef<HTMLUListElement>(null);
  const shown = useMemo(
    () => [...found(known.data ?? [], text), ...(words === "" ? [] : (signals.data ?? []))],
    [known.data, signals.data, text, words],
  );

  function onKeyDown(event: KeyboardEvent<HTMLElement>) {
    const links = [...(list.current?.querySelectorAll("a") ?? [])];
    const at = links.findIndex((link) => link.matches(":focus"));
    const isInput = event.target instanceof HTMLInputElement;
    if (event.key === "ArrowDown") links[at + 1]?.focus();
    else if (event.key === "ArrowUp" && at > 0) links[at - 1]?.focus();
    else if (event.key === "Enter" && isInput) links[0]?.click();
    else return;
    event.preventDefault();
  }

  return (
    <Dialog title={t("title")} onClose={onClose}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: arrows walk from the field to the links */}
      <div className={styles.search} onKeyDown={onKeyDown}>
        <TextInput
          type="search"
          label={t("what")}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onFocus={() => {
            const typed = takeTyped();
            if (typed !== "") setText((before) => before + typed);
          }}
          data-autofocus
          autoComplete="off"
        />
        <p className="visually-hidden" role="status">
          {text.trim() === "" ? "" : t("count", { count: shown.length })}
        </p>
        <Refused queries={[signals]} />
        <Answered query={known}>
          {() =>
            text.trim() !== "" && shown.length === 0 && !signals.isFetching ? (
              <p className="second">{t("none")}</p>
            ) : null
          }
        </Answered>
        <ul ref={list} className={styles.list}>
          {shown.map((one) => (
            <li key={`${one.kind} ${one.key}`}>
              <Found one={one} onClose={onClose} />
            </li>
          ))}
        </ul>
      </div>
    </Dialog>
  );
}

function Found({ one, onClose }: { one: Named; onClose: () => void }) {
  const t = useTranslations("common.search");
  const kind = one.level === undefined ? t(`kinds.${one.kind}`) : levelOf(one.level);
  function levelOf(level: string) {
    return t.has(`levels.${level}` as never) ? t(`levels.${level}` as never) : level;
  }
  return (
    <Link {...addressOf(one)} className={styles.found} onClick={onClose}>
      <strong>{one.kind === "part" ? one.key : one.name}</strong>
      <span className="second">{kind}</span>
      <span className={`second ${styles.place}`}>
        {one.kind === "equipment"
          ? one.key.replaceAll("/", " / ")
          : one.kind === "part"
            ? one.name
            : one.key}
      </span>
    </Link>
  );
}

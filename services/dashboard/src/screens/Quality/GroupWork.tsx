/** The entries of the chosen group, the content of one, and its repair. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import {
  namedEntry,
  type QuarantineEntry,
  type QuarantineGroup,
  quarantineEntries,
} from "../../api/quarantine";
import { Answered } from "../../shared/Answered";
import { Tile } from "../../shared/Tile";
import { useMayI } from "../../shared/useMayI";
import { EntryContent } from "./EntryContent";
import { EntryList } from "./EntryList";
import styles from "./QualityScreen.module.css";
import { RepairPanel } from "./RepairPanel";
import { openedEntry, stillListed } from "./selection";

const ENTRIES = 100;
const NO_ENTRIES: readonly QuarantineEntry[] = [];

interface Props {
  group: QuarantineGroup;
  entry: number | undefined;
  zone: string;
  onReplayed: (replays: number[]) => void;
}

export function GroupWork({ group, entry, zone, onReplayed }: Props) {
  const t = useTranslations("quality");
  const [marked, setSelected] = useState<ReadonlySet<number>>(new Set());
  const mayDecide = useMayI("quarantine:write");
  const query = useQuery(quarantineEntries(group.reason, ENTRIES));
  const entries = query.data?.items ?? NO_ENTRIES;
  const selected = useMemo(() => stillListed(entries, marked), [entries, marked]);
  const opened = useOpened(entries, entry, group.reason);
  const toggle = (id: number) =>
    setSelected((before) => {
      const after = new Set(before);
      if (!after.delete(id)) after.add(id);
      return after;
    });
  return (
    <>
      <Tile title={group.text}>
        <Answered query={query}>
          {({ items, next_cursor }) => (
            <>
              <EntryList
                entries={items}
                opened={entry}
                selected={selected}
                onSelect={mayDecide ? toggle : undefined}
                zone={zone}
              />
              {next_cursor === null ? null : (
                <p className="second">{t("newest", { count: ENTRIES, all: group.entries })}</p>
              )}
              {selected.size > 0 ? <p>{t("selected", { count: selected.size })}</p> : null}
              {opened == null ? null : <EntryContent entry={opened} zone={zone} />}
              {opened === null ? <p role="status">{t("noEntry", { id: entry ?? 0 })}</p> : null}
            </>
          )}
        </Answered>
      </Tile>
      <div className={styles.repair}>
        {opened === undefined ? null : (
          <RepairPanel
            group={group}
            source={opened?.source}
            selected={selected}
            onDone={() => setSelected(new Set())}
            onReplayed={onReplayed}
            zone={zone}
          />
        )}
      </div>
    </>
  );
}

/** The entry that the address names; the first that was shown is written into it. */
function useOpened(entries: readonly QuarantineEntry[], entry: number | undefined, reason: string) {
  const navigate = useNavigate();
  const isListed = entries.some(({ id }) => id === entry);
  const named = useQuery({
    ...namedEntry(entry ?? 0),
    enabled: entry !== undefined && !isListed,
  });
  const first = entry === undefined ? entries[0]?.id : undefined;
  useEffect(() => {
    if (first === undefined) return;
    void navigate({
      to: "/quality",
      search: (before) => ({ ...before, entry: String(first) }),
      replace: true,
      resetScroll: false,
    });
  }, [first, navigate]);
  return openedEntry(entries, entry, named.data, reason);
}

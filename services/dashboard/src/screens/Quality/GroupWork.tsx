/** The entries of the chosen group, the content of one, and its repair. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { type QuarantineGroup, quarantineEntries } from "../../api/quarantine";
import { Answered } from "../../shared/Answered";
import { Tile } from "../../shared/Tile";
import { useMayI } from "../../shared/useMayI";
import { EntryContent } from "./EntryContent";
import { EntryList } from "./EntryList";
import styles from "./QualityScreen.module.css";
import { RepairPanel } from "./RepairPanel";

const ENTRIES = 100;

interface Props {
  group: QuarantineGroup;
  entry: number | undefined;
  zone: string;
  onReplayed: (replays: number[]) => void;
}

export function GroupWork({ group, entry, zone, onReplayed }: Props) {
  const t = useTranslations("quality");
  const [selected, setSelected] = useState<ReadonlySet<number>>(new Set());
  const mayDecide = useMayI("quarantine:write");
  const query = useQuery(quarantineEntries(group.reason, ENTRIES));
  const entries = query.data?.items ?? [];
  const opened = entries.find(({ id }) => id === entry) ?? entries[0];
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
                opened={opened?.id}
                selected={selected}
                onSelect={mayDecide ? toggle : undefined}
                zone={zone}
              />
              {next_cursor === null ? null : (
                <p className="second">{t("newest", { count: ENTRIES, all: group.entries })}</p>
              )}
              {selected.size > 0 ? <p>{t("selected", { count: selected.size })}</p> : null}
              {opened === undefined ? null : <EntryContent entry={opened} zone={zone} />}
            </>
          )}
        </Answered>
      </Tile>
      <div className={styles.repair}>
        <RepairPanel
          group={group}
          source={opened?.source}
          selected={selected}
          onDone={() => setSelected(new Set())}
          onReplayed={onReplayed}
          zone={zone}
        />
      </div>
    </>
  );
}

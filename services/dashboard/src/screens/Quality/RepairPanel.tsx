/** Right: the repair of a group, its replay, and what else can be decided about its entries. */
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import type { QuarantineGroup } from "../../api/quarantine";
import { Tile } from "../../shared/Tile";
import { useMayI } from "../../shared/useMayI";
import { Assignment, Discarding } from "./Decisions";
import { MappingRepair } from "./MappingRepair";
import styles from "./Repair.module.css";
import { Replaying } from "./Replaying";

interface Props {
  group: QuarantineGroup;
  source: string | undefined;
  selected: ReadonlySet<number>;
  onDone: () => void;
  onReplayed: (replays: number[]) => void;
  zone: string;
}

export function RepairPanel({ group, source, selected, onDone, onReplayed, zone }: Props) {
  const t = useTranslations("quality");
  const mayMap = useMayI("mappings:write");
  const mayDecide = useMayI("quarantine:write");
  if (!mayDecide) {
    return (
      <Tile title={t("repair.title")}>
        <p className="second">{t("repair.notAllowed")}</p>
      </Tile>
    );
  }
  const ofSource = group.repair === "map_state" ? "" : source;
  return (
    <Tile title={t("repair.title")}>
      {mayMap ? (
        <MappingRepair key={`${group.reason} ${ofSource}`} {...{ group, source, zone }} />
      ) : null}
      <Part title={t("replay.heading")} isOpen>
        <Replaying group={group} selected={selected} onStarted={onReplayed} />
      </Part>
      <Part title={t("decide.assignHeading")}>
        <Assignment group={group} selected={selected} onDone={onDone} />
      </Part>
      <Part title={t("decide.discardHeading")} isOpen={group.repair === "none"}>
        <Discarding group={group} selected={selected} onDone={onDone} />
      </Part>
    </Tile>
  );
}

function Part(props: { title: string; isOpen?: boolean; children: ReactNode }) {
  return (
    <details className={styles.part} open={props.isOpen ?? false}>
      <summary className={styles.summary}>{props.title}</summary>
      {props.children}
    </details>
  );
}

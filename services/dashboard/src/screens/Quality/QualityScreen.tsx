/** "Which data is wrong, and how do I repair it?" */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useTranslations } from "use-intl";
import { openFindings } from "../../api/findings";
import {
  DATA_QUALITY,
  dataQuality,
  namedEntry,
  type QuarantineGroup,
  quarantineGroups,
} from "../../api/quarantine";
import { Answered } from "../../shared/Answered";
import { Cut } from "../../shared/Cut";
import { Empty } from "../../shared/Empty";
import { Tile } from "../../shared/Tile";
import { useHomeZone } from "../../shared/useHomeZone";
import { usePeriod } from "../../shared/usePeriod";
import { Findings } from "./Findings";
import { GroupList } from "./GroupList";
import { GroupWork } from "./GroupWork";
import { NotThere } from "./NotThere";
import { Periods } from "./Periods";
import styles from "./QualityScreen.module.css";
import { ReplayProgress } from "./Replaying";
import { Shares } from "./Shares";
import { chosenGroup, idsOf } from "./selection";
import { UnmappedTags } from "./UnmappedTags";

const FINDINGS = 50;

export function QualityScreen() {
  const t = useTranslations("quality");
  const search = useSearch({ from: "/quality" });
  const navigate = useNavigate();
  const zone = useHomeZone();
  const { start, end } = usePeriod("-1h");
  const quality = useQuery(dataQuality(start, end));
  const groups = useQuery(quarantineGroups);
  const findings = useQuery(openFindings(FINDINGS));
  const listed = groups.data?.items ?? [];
  const { chosen, entry } = useChosen(groups.data?.items);
  const replays = idsOf(search.replay);
  useQualityOf(listed.map((one) => one.reason).join("\n"));

  return (
    <>
      <div className={styles.head}>
        <h1>{t("title")}</h1>
        <Periods start={start} />
      </div>
      <div className={styles.top}>
        <Tile title={t("shares.title")}>
          <Answered query={quality}>{(data) => <Shares data={data} zone={zone} />}</Answered>
        </Tile>
        <Tile title={t("unmapped.title")}>
          <Answered query={quality}>{(data) => <UnmappedTags data={data} zone={zone} />}</Answered>
        </Tile>
      </div>
      {replays.length === 0 ? null : (
        <Tile title={t("replay.heading")}>
          {replays.map((id) => (
            <ReplayProgress key={id} id={id} />
          ))}
        </Tile>
      )}
      <div className={styles.work}>
        <Tile title={t("groups")}>
          <Answered query={groups}>
            {({ items, next_cursor }) =>
              items.length === 0 ? (
                <Empty reason={t("nothing")} />
              ) : (
                <>
                  <GroupList
                    groups={items}
                    chosen={chosen.is === "group" ? chosen.group.reason : undefined}
                    zone={zone}
                  />
                  <Cut what="largest" shown={items.length} isCut={next_cursor !== null} />
                </>
              )
            }
          </Answered>
        </Tile>
        {chosen.is === "group" ? (
          <GroupWork
            key={chosen.group.reason}
            group={chosen.group}
            entry={entry}
            zone={zone}
            onReplayed={(ids) =>
              void navigate({
                to: "/quality",
                search: (before) => ({ ...before, replay: ids.join(",") }),
                replace: true,
              })
            }
          />
        ) : null}
        {chosen.is === "gone" || chosen.is === "unknownEntry" ? (
          <NotThere is={chosen.is} entry={entry} zone={zone} />
        ) : null}
      </div>
      <Tile title={t("findings.title")}>
        <Answered query={findings}>
          {({ items, next_cursor }) => (
            <>
              <Findings findings={items} zone={zone} />
              <Cut shown={items.length} isCut={next_cursor !== null} />
            </>
          )}
        </Answered>
      </Tile>
    </>
  );
}

/** What the address names; what is shown first is written into it, and stays whatever arrives. */
function useChosen(groups: readonly QuarantineGroup[] | undefined) {
  const search = useSearch({ from: "/quality" });
  const navigate = useNavigate();
  const [entry] = idsOf(search.entry);
  const named = useQuery({
    ...namedEntry(entry ?? 0),
    enabled: entry !== undefined && search.reason === undefined,
  });
  const chosen = chosenGroup(groups, { reason: search.reason, entry }, named.data);
  const first = chosen.is === "first" ? chosen.reason : undefined;
  useEffect(() => {
    if (first === undefined) return;
    void navigate({
      to: "/quality",
      search: (before) => ({ ...before, reason: first }),
      replace: true,
      resetScroll: false,
    });
  }, [first, navigate]);
  return { chosen, entry };
}

/** Asks for the shares again when there are other groups: the two are to agree on the screen. */
function useQualityOf(reasons: string): void {
  const client = useQueryClient();
  const former = useRef(reasons);
  useEffect(() => {
    if (former.current === reasons) return;
    former.current = reasons;
    void client.invalidateQueries({ queryKey: DATA_QUALITY });
  }, [client, reasons]);
}

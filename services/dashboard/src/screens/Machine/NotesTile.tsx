/** Notes about the machine in the period. */
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { annotationsOf } from "../../api/annotations";
import type { Period } from "../../api/equipment";
import { Answered } from "../../shared/Answered";
import { Cut } from "../../shared/Cut";
import { NotesList } from "../../shared/NotesList";
import { Tile } from "../../shared/Tile";

interface Props {
  path: string;
  period: Period;
  zone: string;
  /** When a new note is about; undefined: now. */
  noteStart: string | undefined;
}

export function NotesTile({ path, period, zone, noteStart }: Props) {
  const t = useTranslations("machine.notes");
  const query = useQuery(annotationsOf(path, period));
  return (
    <Tile title={t("title")}>
      <Answered query={query}>
        {({ items, next_cursor }) => (
          <>
            <NotesList path={path} notes={items} zone={zone} start={noteStart} />
            <Cut shown={items.length} isCut={next_cursor !== null} />
          </>
        )}
      </Answered>
    </Tile>
  );
}

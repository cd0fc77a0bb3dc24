/** The calendars that hold for an equipment: versions, files, changes. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useTranslations } from "use-intl";
import {
  CALENDAR_KEYS,
  type CalendarVersion,
  calendarAddress,
  calendars,
  deleteCalendar,
  importCalendar,
} from "../../api/calendars";
import { Answered } from "../../shared/Answered";
import { DataTable } from "../../shared/DataTable";
import { Empty } from "../../shared/Empty";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { Tile } from "../../shared/Tile";
import { useAction } from "../../shared/useAction";
import { useFormats } from "../../shared/useFormats";
import { useMayI } from "../../shared/useMayI";
import { Confirm } from "./Confirm";
import styles from "./parts.module.css";

const CalendarForm = lazy(async () => ({
  default: (await import("./CalendarForm")).CalendarForm,
}));
type Document = CalendarVersion["document"];

export function CalendarsTile({ path, zone }: { path: string; zone: string }) {
  const t = useTranslations("settings.calendars");
  const mayChange = useMayI("calendars:write");
  const query = useQuery(calendars(path));
  const [edited, setEdited] = useState<{ document: Document | undefined }>();
  const [deleted, setDeleted] = useState<CalendarVersion>();
  const reading = useAction((text: string) => importCalendar(path, text), { invalidates: [] });
  const read = async (file: File | undefined) => {
    const change = file === undefined ? undefined : await reading.run(await file.text());
    if (change?.document) setEdited({ document: change.document });
  };
  if (edited !== undefined) {
    return (
      <Suspense>
        <CalendarForm
          path={path}
          zone={zone}
          document={edited.document}
          isFirst={query.data?.items.length === 0}
          onClose={() => setEdited(undefined)}
        />
      </Suspense>
    );
  }
  return (
    <Tile
      title={t("title")}
      extra={
        <a className={styles.link} href={calendarAddress(path)} download>
          {t("export")}
        </a>
      }
    >
      {reading.problem === undefined ? null : <ProblemNotice error={reading.problem} />}
      <Answered query={query}>
        {({ items }) => (
          <>
            <Versions
              items={items}
              path={path}
              zone={zone}
              mayChange={mayChange}
              onEdit={(document) => setEdited({ document })}
              onDelete={setDeleted}
            />
            {mayChange ? (
              <div className={styles.buttons}>
                <Button
                  variant="default"
                  onClick={() =>
                    setEdited({ document: items.find((one) => one.in_force)?.document })
                  }
                >
                  {t("new")}
                </Button>
                <label className={styles.link}>
                  {t("import")}
                  <input
                    className="visually-hidden"
                    type="file"
                    accept=".ics,text/calendar"
                    onChange={(event) => void read(event.currentTarget.files?.[0])}
                  />
                </label>
              </div>
            ) : (
              <p className="second">{t("readOnly")}</p>
            )}
          </>
        )}
      </Answered>
      {deleted === undefined ? null : (
        <Delete version={deleted} zone={zone} onClose={() => setDeleted(undefined)} />
      )}
    </Tile>
  );
}

interface VersionsProps {
  items: readonly CalendarVersion[];
  path: string;
  zone: string;
  mayChange: boolean;
  onEdit: (document: Document) => void;
  onDelete: (version: CalendarVersion) => void;
}

function Versions({ items, path, zone, mayChange, onEdit, onDelete }: VersionsProps) {
  const t = useTranslations("settings.calendars");
  const format = useFormats(zone);
  const since = (one: CalendarVersion) =>
    Date.parse(one.valid_from) < EVER_MS ? t("ever") : format.dayTime(one.valid_from);
  return (
    <DataTable
      label={t("title")}
      rows={[...items].reverse()}
      rowKey={(one) => `${one.equipment} ${one.valid_from}`}
      empty={<Empty reason={t("none")} />}
      columns={[
        { key: "of", head: t("of"), cell: (one) => one.equipment },
        { key: "from", head: t("validFrom"), cell: since, sort: (one) => one.valid_from },
        {
          key: "to",
          head: t("validTo"),
          cell: (one) => (one.valid_to === null ? "–" : format.dayTime(one.valid_to)),
        },
        { key: "state", head: t("state"), cell: (one) => (one.in_force ? t("inForce") : "") },
        {
          key: "actions",
          head: <span className="visually-hidden">{t("change")}</span>,
          align: "right",
          cell: (one) =>
            mayChange && one.equipment === path ? (
              <span className={styles.rowButtons}>
                <Button
                  variant="subtle"
                  aria-label={`${t("change")}: ${since(one)}`}
                  onClick={() => onEdit(one.document)}
                >
                  {t("change")}
                </Button>
                <Button
                  variant="subtle"
                  aria-label={`${t("delete")}: ${since(one)}`}
                  onClick={() => onDelete(one)}
                >
                  {t("delete")}
                </Button>
              </span>
            ) : null,
        },
      ]}
    />
  );
}

const EVER_MS = Date.UTC(1971, 0); // the first calendar holds ever since

interface DeleteProps {
  version: CalendarVersion;
  zone: string;
  onClose: () => void;
}

function Delete({ version, zone, onClose }: DeleteProps) {
  const t = useTranslations("settings.calendars");
  const format = useFormats(zone);
  const action = useAction<void, true>(
    async () => {
      await deleteCalendar(version.equipment, version.valid_from, "");
      return true;
    },
    { invalidates: CALENDAR_KEYS, done: t("deleted") },
  );
  return (
    <Confirm
      title={t("deleteTitle", { from: format.dayTime(version.valid_from) })}
      text={t("deleteText")}
      act={t("delete")}
      action={action}
      onClose={onClose}
    />
  );
}

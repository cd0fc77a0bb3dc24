/** Who is signed in where: the own sessions, of everybody for admins; each can be ended. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { endSession, type OpenSession, SESSION_KEYS, sessions } from "../../api/keys";
import { Answered } from "../../shared/Answered";
import { DataTable } from "../../shared/DataTable";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { Tile } from "../../shared/Tile";
import { useAction } from "../../shared/useAction";
import { useFormats } from "../../shared/useFormats";
import { useHomeZone } from "../../shared/useHomeZone";

export function SessionsSection() {
  const t = useTranslations("settings.sessionList");
  const query = useQuery(sessions);
  const format = useFormats(useHomeZone());
  const ending = useAction(
    async (id: number) => {
      await endSession(id);
      return true;
    },
    { invalidates: SESSION_KEYS, done: t("ended") },
  );
  const whoOf = (one: OpenSession) => one.user ?? t("key", { prefix: one.key ?? "" });
  return (
    <Tile title={t("title")}>
      {ending.problem === undefined ? null : <ProblemNotice error={ending.problem} />}
      <Answered query={query}>
        {({ items, next_cursor }) => (
          <DataTable
            label={`${t("title")} (${format.zone(Date.now())})`}
            rows={items}
            isCut={next_cursor !== null}
            rowKey={(one) => String(one.id)}
            columns={[
              {
                key: "who",
                head: t("who"),
                cell: (one) => (
                  <>
                    {whoOf(one)}{" "}
                    {one.is_current ? <span className="second">{t("this")}</span> : null}
                  </>
                ),
                sort: whoOf,
              },
              { key: "kind", head: t("kind"), cell: (one) => `${one.kind}, ${one.method}` },
              {
                key: "used",
                head: t("lastUsed"),
                cell: (one) => format.dayTime(one.last_used_at),
                sort: (one) => one.last_used_at,
              },
              {
                key: "made",
                head: t("since"),
                cell: (one) => format.dayTime(one.created_at),
                sort: (one) => one.created_at,
              },
              { key: "ends", head: t("ends"), cell: (one) => format.dayTime(one.ends_at) },
              { key: "from", head: t("from"), cell: (one) => one.address ?? "–" },
              {
                key: "end",
                head: <span className="visually-hidden">{t("end")}</span>,
                align: "right",
                cell: (one) => (
                  <Button
                    variant="subtle"
                    aria-label={`${t("end")}: ${whoOf(one)}`}
                    onClick={() => void ending.run(one.id)}
                  >
                    {t("end")}
                  </Button>
                ),
              },
            ]}
          />
        )}
      </Answered>
      <p className="second">{t("hint")}</p>
    </Tile>
  );
}

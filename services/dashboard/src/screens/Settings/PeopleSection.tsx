/** People: made with a first password, changed, unlocked; who signs in at a provider says so. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { type User, users } from "../../api/users";
import { Answered } from "../../shared/Answered";
import { DataTable } from "../../shared/DataTable";
import { Empty } from "../../shared/Empty";
import { nameOf } from "../../shared/format";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import { useHomeZone } from "../../shared/useHomeZone";
import { roleOf } from "./KeyTable";
import { PersonForm } from "./PersonForm";
import { SecretDialog } from "./Secret";

export function PeopleSection() {
  const t = useTranslations("settings.personList");
  const all = useTranslations("settings");
  const query = useQuery(users);
  const format = useFormats(useHomeZone());
  const [open, setOpen] = useState<{ person?: User }>();
  const [password, setPassword] = useState<string>();
  const stateOf = (user: User) =>
    user.disabled_at !== null
      ? t("disabled")
      : user.password_valid_until !== null
        ? t("firstPassword", { until: format.day(user.password_valid_until) })
        : user.has_totp
          ? t("withTotp")
          : t("active");
  return (
    <>
      <Tile
        title={t("title")}
        extra={
          query.data === undefined ? undefined : (
            <Button onClick={() => setOpen({})}>{t("new")}</Button>
          )
        }
      >
        <Answered query={query}>
          {({ items, next_cursor }) => (
            <DataTable
              label={t("title")}
              rows={items}
              isCut={next_cursor !== null}
              rowKey={(user) => user.name}
              onOpen={(person) => setOpen({ person })}
              selected={open?.person?.name}
              empty={<Empty reason={t("none")} />}
              columns={[
                {
                  key: "name",
                  head: t("name"),
                  cell: (user) => (
                    <>
                      {user.name} <span className="second">{user.display_name ?? ""}</span>
                    </>
                  ),
                  sort: (user) => user.name,
                },
                {
                  key: "role",
                  head: t("role"),
                  cell: (user) => all(`roles.${roleOf(user.role)}`),
                  sort: (user) => user.role,
                },
                {
                  key: "plants",
                  head: t("plants"),
                  cell: (user) =>
                    user.plants === null ? all("allPlants") : user.plants.map(nameOf).join(", "),
                },
                {
                  key: "seen",
                  head: t("lastSignIn"),
                  cell: (user) =>
                    user.last_signed_in_at === null
                      ? t("never")
                      : format.dayTime(user.last_signed_in_at),
                  sort: (user) => user.last_signed_in_at,
                },
                {
                  key: "way",
                  head: t("way"),
                  cell: (user) => user.issuer ?? t("password"),
                },
                { key: "state", head: t("state"), cell: stateOf },
              ]}
            />
          )}
        </Answered>
      </Tile>
      {open === undefined ? null : (
        <PersonForm
          key={open.person?.name}
          person={open.person}
          onClose={() => setOpen(undefined)}
          onPassword={(made) => {
            setOpen(undefined);
            setPassword(made);
          }}
        />
      )}
      {password === undefined ? null : (
        <SecretDialog
          title={t("passwordTitle")}
          hint={t("passwordHint")}
          secret={password}
          onClose={() => setPassword(undefined)}
        />
      )}
    </>
  );
}

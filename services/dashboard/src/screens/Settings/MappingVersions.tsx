/** The versions of a mapping: which is active, how two differ, and what activating one changes. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { type MappingVersion, mappingVersions } from "../../api/mappings";
import { Answered } from "../../shared/Answered";
import { type Column, DataTable } from "../../shared/DataTable";
import { personOf } from "../../shared/format";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import { useHomeZone } from "../../shared/useHomeZone";
import { useMayI } from "../../shared/useMayI";
import { MappingCheck } from "./MappingCheck";
import { MappingCompare } from "./MappingCompare";
import { MappingDraft } from "./MappingDraft";
import { versionsOf } from "./versionLines";

const STATES = ["draft", "active", "superseded", "used"] as const;

export function MappingVersions({ name }: { name: string }) {
  const t = useTranslations("mappings");
  const states = useTranslations("mappings.states");
  const mayChange = useMayI("mappings:write");
  const mayRead = useMayI("raw:read");
  const zone = useHomeZone();
  const format = useFormats(zone);
  const query = useQuery(mappingVersions(name));
  const search = useSearch({ from: "/settings/$" });
  const navigate = useNavigate();
  const { from, to } = versionsOf(query.data ?? [], search.from, search.to);
  const choose = (version: number) =>
    void navigate({ to: ".", search: (before) => ({ ...before, to: String(version) }) });
  const columns: Column<MappingVersion>[] = [
    { key: "version", head: t("version"), cell: (one) => one.version, align: "right" },
    {
      key: "state",
      head: t("state"),
      cell: ({ state }) => {
        const known = STATES.find((one) => one === state);
        return known === undefined ? state : states(known);
      },
    },
    { key: "note", head: t("note"), cell: (one) => one.note || "–" },
    {
      key: "created",
      head: t("created"),
      cell: (one) => `${format.dayTime(one.created_at)} ${personOf(one.created_by)}`,
    },
    {
      key: "activated",
      head: t("activated"),
      cell: (one) =>
        one.activated_at === null
          ? "–"
          : `${format.dayTime(one.activated_at)} ${personOf(one.activated_by ?? "")}`,
    },
  ];
  return (
    <>
      <p>
        <Link to="/settings/$" params={{ _splat: "mappings" }}>
          {t("all")}
        </Link>
      </p>
      <Tile title={t("versionsOf", { name })}>
        <Answered query={query}>
          {(versions) => (
            <DataTable
              label={t("versionsOf", { name })}
              columns={columns}
              rows={versions}
              rowKey={(one) => String(one.version)}
              selected={String(to)}
              onOpen={(one) => choose(one.version)}
            />
          )}
        </Answered>
      </Tile>
      {mayRead && from !== undefined && to !== undefined ? (
        <MappingCompare
          name={name}
          from={from}
          to={to}
          versions={(query.data ?? []).map(({ version }) => version)}
        />
      ) : null}
      {mayRead ? null : <p className="second">{t("notAllowed")}</p>}
      {mayChange && to !== undefined ? (
        <MappingCheck
          key={to}
          name={name}
          version={to}
          active={query.data?.find(({ state }) => state === "active")?.version}
          zone={zone}
        />
      ) : null}
      {mayChange && to !== undefined ? <MappingDraft name={name} from={to} /> : null}
    </>
  );
}

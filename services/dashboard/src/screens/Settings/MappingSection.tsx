/** Settings: the mappings, the versions of one, and one version; the address says which. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { type MappingName, mappings } from "../../api/mappings";
import { Answered } from "../../shared/Answered";
import { type Column, DataTable } from "../../shared/DataTable";
import { Empty } from "../../shared/Empty";
import { Tile } from "../../shared/Tile";
import { MappingVersions } from "./MappingVersions";
import type { SectionProps } from "./sections";

export function MappingSection({ rest }: SectionProps) {
  return rest === "" ? (
    <MappingList />
  ) : (
    <MappingVersions key={rest} name={decodeURIComponent(rest)} />
  );
}

function MappingList() {
  const t = useTranslations("mappings");
  const query = useQuery(mappings);
  const columns: Column<MappingName>[] = [
    {
      key: "name",
      head: t("name"),
      cell: (one) => (
        <Link to="/settings/$" params={{ _splat: `mappings/${encodeURIComponent(one.name)}` }}>
          {one.name}
        </Link>
      ),
      sort: (one) => one.name,
    },
    {
      key: "active",
      head: t("active"),
      cell: (one) => one.active ?? t("ofEdges"),
      sort: (one) => one.active,
      align: "right",
    },
    { key: "newest", head: t("newest"), cell: (one) => one.newest, align: "right" },
    { key: "versions", head: t("count"), cell: (one) => one.versions, align: "right" },
    { key: "connectors", head: t("usedBy"), cell: (one) => one.connectors.join(", ") || "–" },
  ];
  return (
    <Tile title={t("title")}>
      <Answered query={query}>
        {({ items }) => (
          <DataTable
            label={t("title")}
            columns={columns}
            rows={items}
            rowKey={(one) => one.name}
            empty={<Empty reason={t("none")} />}
          />
        )}
      </Answered>
    </Tile>
  );
}

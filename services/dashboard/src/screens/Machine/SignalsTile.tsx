/** The newest value of each signal of a machine, with its age. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { type LatestSignal, latestSignals } from "../../api/equipment";
import { Answered } from "../../shared/Answered";
import { Cut } from "../../shared/Cut";
import { DataTable } from "../../shared/DataTable";
import { Empty } from "../../shared/Empty";
import { nameOf } from "../../shared/format";
import { Tile } from "../../shared/Tile";
import { type Formats, useFormats } from "../../shared/useFormats";

const GOOD = "good";

interface Props {
  path: string;
  zone: string;
  /** The signals of a line are those of its machines: each is named with its machine. */
  isLine: boolean;
}

export function SignalsTile({ path, zone, isLine }: Props) {
  const t = useTranslations("machine.signals");
  const format = useFormats(zone);
  const query = useQuery(latestSignals(path));
  const ageOf = (at: string) => Math.max(0, (query.dataUpdatedAt - Date.parse(at)) / 1000);
  return (
    <Tile title={t("title")}>
      <Answered query={query}>
        {({ items, isCut }) => (
          <>
            <DataTable<LatestSignal>
              label={t("title")}
              rows={items}
              rowKey={({ id }) => String(id)}
              empty={<Empty reason={t("none")} />}
              columns={[
                {
                  key: "name",
                  head: t("name"),
                  cell: ({ id, name, equipment }) => (
                    <Link to="/trends" search={{ signal: String(id) }}>
                      {isLine && equipment !== null ? `${nameOf(equipment)} · ${name}` : name}
                    </Link>
                  ),
                  sort: ({ name, equipment }) => `${equipment} ${name}`,
                },
                {
                  key: "value",
                  head: t("value"),
                  align: "right",
                  cell: (signal) => valueText(signal, format),
                },
                {
                  key: "age",
                  head: t("age"),
                  align: "right",
                  cell: ({ at }) => (at === null ? t("never") : format.duration(ageOf(at))),
                  sort: ({ at }) => (at === null ? undefined : ageOf(at)),
                },
                {
                  key: "quality",
                  head: t("quality"),
                  cell: ({ quality }) => (quality === null || quality === GOOD ? "" : quality),
                },
              ]}
            />
            <Cut shown={items.length} isCut={isCut} what="first" />
          </>
        )}
      </Answered>
    </Tile>
  );
}

function valueText({ value, text, unit }: LatestSignal, format: Formats): string {
  if (text !== null) return text;
  if (value === null) return format.number(null);
  const number = format.number(value, Number.isInteger(value) ? 0 : 2);
  return unit === null ? number : `${number} ${unit}`;
}

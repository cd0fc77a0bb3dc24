/** In place of a group: what the address names is not there any more, and nothing else is shown. */
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { namedEntry } from "../../api/quarantine";
import { Tile } from "../../shared/Tile";
import { EntryContent } from "./EntryContent";

interface Props {
  is: "gone" | "unknownEntry";
  entry: number | undefined;
  zone: string;
}

export function NotThere({ is, entry, zone }: Props) {
  const t = useTranslations("quality");
  const named = useQuery({ ...namedEntry(entry ?? 0), enabled: entry !== undefined });
  return (
    <Tile title={t("noGroup")}>
      <p role="status">
        {is === "gone" ? t("groupGone") : t("noEntry", { id: entry ?? 0 })} {t("chooseAnother")}
      </p>
      {named.data == null ? null : <EntryContent entry={named.data} zone={zone} />}
    </Tile>
  );
}

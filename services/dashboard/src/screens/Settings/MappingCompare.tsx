/** How the documents of two versions differ. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { mappingDocument } from "../../api/mappings";
import { Answered } from "../../shared/Answered";
import { Cut } from "../../shared/Cut";
import { SelectField } from "../../shared/form/Field";
import { ScrollBox } from "../../shared/ScrollBox";
import { Tile } from "../../shared/Tile";
import styles from "./Mapping.module.css";
import { countLines, diffLines, LINES_MAX, type Line, withContext } from "./versionLines";

const AROUND = 3;

interface Props {
  name: string;
  from: number;
  to: number;
  versions: readonly number[];
}

export function MappingCompare({ name, from, to, versions }: Props) {
  const t = useTranslations("mappings");
  const navigate = useNavigate();
  const before = useQuery(mappingDocument(name, from));
  const after = useQuery(mappingDocument(name, to));
  const options = [...new Set(versions)].map((one) => ({ value: String(one), label: String(one) }));
  const choose = (change: { from?: string; to?: string }) =>
    void navigate({ to: ".", search: (search) => ({ ...search, ...change }) });
  return (
    <Tile title={t("compare", { from, to })}>
      <div className={styles.choices}>
        <SelectField
          label={t("from")}
          value={String(from)}
          options={options}
          onChange={(next) => choose({ from: next })}
        />
        <SelectField
          label={t("to")}
          value={String(to)}
          options={options}
          onChange={(next) => choose({ to: next })}
        />
      </div>
      <Answered query={before}>
        {(old) => (
          <Answered query={after}>
            {(now) => (
              <>
                <Lines lines={withContext(diffLines(old.document, now.document), AROUND)} />
                <Cut
                  what="first"
                  shown={LINES_MAX}
                  isCut={[old, now].some(({ document }) => countLines(document) > LINES_MAX)}
                />
              </>
            )}
          </Answered>
        )}
      </Answered>
    </Tile>
  );
}

function Lines({ lines }: { lines: (Line | null)[] }) {
  const t = useTranslations("mappings");
  if (lines.every((line) => line === null || line.sign === " ")) return <p>{t("equal")}</p>;
  return (
    <ScrollBox label={t("lines")} isLow>
      <div className={styles.lines}>
        {lines.map((line, at) =>
          line === null ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: the lines of two versions never move
            <div key={at} className={styles.gap}>
              …
            </div>
          ) : (
            // biome-ignore lint/suspicious/noArrayIndexKey: as above
            <div key={at} className={classOf(line)}>{`${line.sign} ${line.text}`}</div>
          ),
        )}
      </div>
    </ScrollBox>
  );
}

function classOf({ sign }: Line): string | undefined {
  if (sign === "+") return styles.added;
  return sign === "-" ? styles.removed : undefined;
}

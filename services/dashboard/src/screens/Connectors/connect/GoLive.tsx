/** The last steps: the file gets its line, its mapping is activated, the edge gets the file. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { lines } from "../../../api/connectors";
import { activateMapping, addMapping, MAPPINGS, type MappingVersion } from "../../../api/mappings";
import { plants, zoneOf } from "../../../api/plants";
import { copyText } from "../../../shared/copyText";
import { SelectField, TextAreaField } from "../../../shared/form/Field";
import { Form } from "../../../shared/form/Form";
import { useAction } from "../../../shared/useAction";
import { useMayI } from "../../../shared/useMayI";
import styles from "../Connectors.module.css";
import { lacksPlace, placedIn } from "./arrival";

interface Props {
  /** Of the new connector. */
  name: string;
  edge: string;
  suggested: string;
}

export function GoLive({ name, edge, suggested }: Props) {
  const t = useTranslations("connectors.connect");
  const [document, setDocument] = useState(suggested);
  const [active, setActive] = useState<MappingVersion>();
  const navigate = useNavigate({ from: "/connectors" });
  const mayMap = useMayI("mappings:write");
  const activation = useAction(
    async (text: string) => {
      const { name: mapping, version } = await addMapping({ document: text, note: t("note") });
      return await activateMapping(mapping, version);
    },
    { invalidates: [MAPPINGS], done: t("activated") },
  );

  async function save() {
    const version = await activation.run(document);
    setActive(version);
    if (version === undefined) return;
    await navigate({
      search: (before) => ({ ...before, awaits: name }),
      replace: true,
      resetScroll: false,
    });
  }

  return (
    <>
      <h3>{t("edgeFile")}</h3>
      <Form
        onSave={save}
        problem={activation.problem}
        labels={{ document: t("edgeFile") }}
        save={t("activate")}
        isDraft={active === undefined}
        stays={(search) => search.connect !== undefined}
      >
        {(errorOf) => (
          <>
            <Place document={document} onPlaced={setDocument} />
            <div className={styles.file}>
              <TextAreaField
                label={t("edgeFile")}
                hint={t("edgeFileHint")}
                value={document}
                onChange={(text) => {
                  setDocument(text);
                  setActive(undefined);
                }}
                error={errorOf("document")}
              />
            </div>
            {mayMap ? null : <p className="second">{t("mayNotMap")}</p>}
          </>
        )}
      </Form>
      {active === undefined ? null : (
        <p role="status">{t("isActive", { label: `${active.name}@${active.version}` })}</p>
      )}
      <Start name={name} edge={edge} document={document} />
    </>
  );
}

interface PlaceProps {
  document: string;
  onPlaced: (document: string) => void;
}

/** The line of the machines, as long as the file does not name it. */
function Place({ document, onPlaced }: PlaceProps) {
  const t = useTranslations("connectors.connect");
  const all = useQuery(lines).data?.items ?? [];
  const known = useQuery(plants).data?.items ?? [];
  if (!lacksPlace(document)) return null;
  return (
    <SelectField
      label={t("line")}
      hint={t("lineHint")}
      value=""
      options={[
        { value: "", label: t("chooseLine") },
        ...all.map(({ path }) => ({ value: path, label: path })),
      ]}
      onChange={(line) => line !== "" && onPlaced(placedIn(document, line, zoneOf(known, line)))}
    />
  );
}

function Start({ name, edge, document }: { name: string; edge: string; document: string }) {
  const t = useTranslations("connectors.connect");
  const file = `${name}.yaml`;
  const command = `werknetz mapping check ${file} && werknetz edge ${file}`;
  const href = `data:application/yaml;charset=utf-8,${encodeURIComponent(document)}`;
  return (
    <>
      <h3>{t("start", { file })}</h3>
      {lacksPlace(document) ? <p role="alert">{t("lacksPlace")}</p> : null}
      <p>{t("startHint", { edge, file })}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls takes focus */}
      <pre className={styles.document} tabIndex={0} lang="en">
        {command}
      </pre>
      <div className={styles.buttons}>
        <a href={href} download={file}>
          {t("download", { file })}
        </a>
        <Button
          variant="default"
          onClick={() => void copyText(document, t("copied", { file }), t("copyByHand"))}
        >
          {t("copyFile")}
        </Button>
        <Button
          variant="default"
          onClick={() => void copyText(command, t("copied", { file: command }), t("copyByHand"))}
        >
          {t("copyCommand")}
        </Button>
      </div>
    </>
  );
}

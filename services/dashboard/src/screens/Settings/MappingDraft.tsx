/** A new version from the document of another; the API checks it as an edge does. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { addMapping, MAPPINGS, mappingDocument } from "../../api/mappings";
import { Answered } from "../../shared/Answered";
import { TextAreaField, TextField } from "../../shared/form/Field";
import { Form } from "../../shared/form/Form";
import { Tile } from "../../shared/Tile";
import { useAction } from "../../shared/useAction";
import styles from "./Mapping.module.css";

export function MappingDraft({ name, from }: { name: string; from: number }) {
  const t = useTranslations("mappings");
  const [isOpen, setOpen] = useState(false);
  const query = useQuery({ ...mappingDocument(name, from), enabled: isOpen });
  return (
    <Tile title={t("newVersion")}>
      {isOpen ? (
        <Answered query={query}>
          {({ document }) => <DraftForm document={document} onDone={() => setOpen(false)} />}
        </Answered>
      ) : (
        <div>
          <Button variant="default" onClick={() => setOpen(true)}>
            {t("edit", { version: from })}
          </Button>
        </div>
      )}
    </Tile>
  );
}

function DraftForm({ document, onDone }: { document: string; onDone: () => void }) {
  const t = useTranslations("mappings");
  const [text, setText] = useState(document);
  const [note, setNote] = useState("");
  const action = useAction(addMapping, { invalidates: [MAPPINGS], done: t("added") });
  return (
    <div className={styles.document}>
      <Form
        onSave={async () => (await action.run({ document: text, note })) && onDone()}
        problem={action.problem}
        labels={{ document: t("document"), note: t("note") }}
        save={t("validate")}
        onCancel={onDone}
      >
        {(errorOf) => (
          <>
            <TextAreaField
              label={t("document")}
              hint={t("documentHint")}
              value={text}
              onChange={setText}
              error={errorOf("document")}
            />
            <TextField label={t("note")} value={note} onChange={setNote} error={errorOf("note")} />
          </>
        )}
      </Form>
    </div>
  );
}

/** Repairs a mapping: one change, a preview of what it changes, then a new version for the edges. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import {
  activateMapping,
  addMapping,
  amend,
  diffMapping,
  MAPPINGS,
  switchingConnectors,
} from "../../api/mappings";
import type { QuarantineGroup } from "../../api/quarantine";
import { SelectField } from "../../shared/form/Field";
import { Form } from "../../shared/form/Form";
import { Impact } from "../../shared/mapping/Impact";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { useAction } from "../../shared/useAction";
import { usePreview } from "../../shared/usePreview";
import { ChangeFields } from "./ChangeFields";
import { changeOf, type Draft, draftOf, mappingNames } from "./change";
import styles from "./Repair.module.css";
import { previewStart } from "./selection";

interface Props {
  group: QuarantineGroup;
  /** Of the entry that is open. */
  source: string | undefined;
  zone: string;
}

export function MappingRepair({ group, source, zone }: Props) {
  const t = useTranslations("quality.repair");
  const names = mappingNames(group);
  const [repair, setRepair] = useState<Repair>(() => ({
    name: names[0] ?? "",
    draft: draftOf(group, source),
  }));
  const { name, draft } = repair;
  const { look, preview, problem } = usePreview(repair, (of) => previewOf(of, group));
  const activation = useActivation();
  if (draft === undefined) return <p>{t("noMapping")}</p>;
  const active = activation.active;
  if (active !== undefined) return <Switched name={active.name} version={active.version} />;
  return (
    <>
      <Form onSave={look} problem={problem} labels={{}} save={t("preview")} isDraft>
        {names.length > 1 ? (
          <SelectField
            label={t("mapping")}
            value={name}
            options={names.map((one) => ({ value: one, label: one }))}
            onChange={(next) => setRepair({ name: next, draft })}
          />
        ) : (
          <p className="second">{t("inMapping", { name })}</p>
        )}
        <ChangeFields
          group={group}
          draft={draft}
          onChange={(next) => setRepair({ name, draft: next })}
        />
      </Form>
      {preview === undefined ? null : (
        <section className={styles.preview} aria-label={t("changes")}>
          <h3>{t("changes")}</h3>
          <pre className={styles.lines}>{preview.amended.lines.join("\n")}</pre>
          <Impact diff={preview.diff} zone={zone} />
          {activation.problem === undefined ? null : <ProblemNotice error={activation.problem} />}
          <div className={styles.buttons}>
            <Button
              loading={activation.isRunning}
              onClick={() => void activation.run(preview.amended)}
            >
              {t("activate", { version: preview.amended.version })}
            </Button>
          </div>
        </section>
      )}
    </>
  );
}

interface Repair {
  name: string;
  draft: Draft | undefined;
}

async function previewOf({ name, draft }: Repair, group: QuarantineGroup) {
  const changes = draft === undefined ? [] : [changeOf(draft, group)];
  const amended = await amend({ name, changes });
  const start = previewStart(group.first_at, Date.now());
  return { amended, diff: await diffMapping({ document: amended.document, start, budget_s: 15 }) };
}

function useActivation() {
  const t = useTranslations("quality.repair");
  const [active, setActive] = useState<{ name: string; version: number }>();
  const action = useAction(
    async (amended: Awaited<ReturnType<typeof amend>>) => {
      const { name, version, document } = amended;
      await addMapping({ document, note: t("note") });
      await activateMapping(name, version);
      setActive({ name, version });
      return amended;
    },
    {
      invalidates: [MAPPINGS, ["connectors"]],
      done: t("activated"),
      undo: async (amended) => {
        await activateMapping(amended.name, amended.based_on);
        setActive(undefined);
      },
    },
  );
  return { ...action, active };
}

/** Whether the edges use the version already: until then they refuse as before. */
function Switched({ name, version }: { name: string; version: number }) {
  const t = useTranslations("quality.repair");
  const label = `${name}@${version}`;
  const query = useQuery(switchingConnectors([label]));
  const users = (query.data?.items ?? []).filter(({ mapping }) => mapping?.startsWith(`${name}@`));
  const switched = users.filter(({ mapping }) => mapping === label);
  return (
    <div role="status" className={styles.form}>
      <p className={styles.done}>{t("isActive", { label })}</p>
      <p>{t("switched", { switched: switched.length, all: users.length })}</p>
      <p className="second">{t("thenReplay")}</p>
    </div>
  );
}

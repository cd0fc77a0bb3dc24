/** Repairs a mapping: one change, a preview of what it changes, then a new version for the edges. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import {
  activateMapping,
  addMapping,
  amend,
  type Change,
  diffMapping,
  MAPPINGS,
  switchingConnectors,
} from "../../api/mappings";
import type { QuarantineGroup } from "../../api/quarantine";
import { SelectField } from "../../shared/form/Field";
import { Impact } from "../../shared/mapping/Impact";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { useAction } from "../../shared/useAction";
import { ChangeFields } from "./ChangeFields";
import { changeOf, draftOf, mappingNames } from "./change";
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
  const [name, setName] = useState(names[0] ?? "");
  const [draft, setDraft] = useState(() => draftOf(group, source));
  const { look, preview, reset } = usePreview(name, group);
  const activation = useActivation();
  if (draft === undefined) return <p>{t("noMapping")}</p>;
  const active = activation.active;
  if (active !== undefined) return <Switched name={active.name} version={active.version} />;
  return (
    <form
      className={styles.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void look.run(changeOf(draft, group));
      }}
    >
      {names.length > 1 ? (
        <SelectField
          label={t("mapping")}
          value={name}
          options={names.map((one) => ({ value: one, label: one }))}
          onChange={(next) => {
            setName(next);
            reset();
          }}
        />
      ) : (
        <p className="second">{t("inMapping", { name })}</p>
      )}
      <ChangeFields
        group={group}
        draft={draft}
        onChange={(next) => {
          setDraft(next);
          reset();
        }}
      />
      {look.problem === undefined ? null : <ProblemNotice error={look.problem} />}
      <div className={styles.buttons}>
        <Button
          type="submit"
          variant={preview === undefined ? "filled" : "default"}
          loading={look.isRunning}
        >
          {t("preview")}
        </Button>
      </div>
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
    </form>
  );
}

function usePreview(name: string, group: QuarantineGroup) {
  type Preview = {
    amended: Awaited<ReturnType<typeof amend>>;
    diff: Awaited<ReturnType<typeof diffMapping>>;
  };
  const [preview, setPreview] = useState<Preview>();
  const look = useAction(
    async (change: Change) => {
      const amended = await amend({ name, changes: [change] });
      const start = previewStart(group.first_at, Date.now());
      const diff = await diffMapping({ document: amended.document, start, budget_s: 15 });
      setPreview({ amended, diff });
    },
    { invalidates: [] },
  );
  const reset = () => {
    setPreview(undefined);
    look.reset();
  };
  return { look, preview, reset };
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

/** Makes a target or changes one: one column, refusals at their fields. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { plants } from "../../api/plants";
import { putTarget, TARGET_KEYS, target } from "../../api/targets";
import { Answered } from "../../shared/Answered";
import { Tile } from "../../shared/Tile";
import { useAction } from "../../shared/useAction";
import { useMayI } from "../../shared/useMayI";
import { bodyOfDraft, type Draft, draftOf, NEW_DRAFT } from "./form";
import { TargetFields } from "./TargetFields";

export function TargetForm({ of }: { of: string | undefined }) {
  const t = useTranslations("targets");
  const common = useTranslations("common");
  const all = useQuery(plants);
  const former = useQuery({ ...target(of ?? ""), enabled: of !== undefined });
  const maySet = useMayI("targets:write");
  if (!maySet) return <p role="alert">{common("error.notAllowed")}</p>;
  return (
    <Answered query={all}>
      {({ items }) => {
        const groups = [...new Set(items.map((plant) => plant.path.split("/")[0] ?? ""))];
        const known = [...groups, ...items.map((plant) => plant.path)];
        if (of === undefined) {
          return <Shown title={t("form.newTitle")} known={known} draft={NEW_DRAFT} isNew />;
        }
        return (
          <Answered query={former}>
            {(data) => (
              <Shown
                title={t("form.changeTitle", { name: data.name })}
                known={known}
                draft={draftOf(data, known)}
                isNew={false}
              />
            )}
          </Answered>
        );
      }}
    </Answered>
  );
}

interface ShownProps {
  title: string;
  known: readonly string[];
  draft: Draft;
  isNew: boolean;
}

function Shown({ title, known, draft, isNew }: ShownProps) {
  const t = useTranslations("targets");
  const navigate = useNavigate();
  const saving = useAction((saved: Draft) => putTarget(saved.key, bodyOfDraft(saved)), {
    invalidates: TARGET_KEYS,
    done: t("form.saved"),
  });
  const show = (key: string) =>
    navigate({ to: "/targets", search: key === "" ? {} : { target: key } });
  return (
    <>
      <h1>{title}</h1>
      <Tile title={t("title")}>
        <TargetFields
          draft={draft}
          known={known}
          isNew={isNew}
          problem={saving.problem}
          onSave={async (saved) => {
            if ((await saving.run(saved)) !== undefined) await show(saved.key);
          }}
          onCancel={() => void show(draft.key)}
        />
      </Tile>
    </>
  );
}

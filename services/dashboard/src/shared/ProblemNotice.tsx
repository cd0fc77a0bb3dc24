/** What the API refused and what to do next, with the trace id that its log has, too. */
import { Button } from "@mantine/core";
import { useTranslations } from "use-intl";
import { ApiProblem, UNREACHABLE } from "../api/client";
import styles from "./ProblemNotice.module.css";

interface Props {
  error: Error;
  onRetry?: () => void;
}

export function ProblemNotice({ error, onRetry }: Props) {
  const t = useTranslations("common");
  const problem = error instanceof ApiProblem ? error : undefined;
  const isUnreachable = problem?.status === UNREACHABLE;
  const title = isUnreachable ? t("error.unreachable") : problem?.message || t("error.title");
  const hint = isUnreachable ? t("error.unreachableHint") : problem?.hint;
  return (
    <div className={styles.notice} role="alert">
      <p className={styles.title}>{title}</p>
      <p>{problem === undefined ? error.message : problem.detail}</p>
      {hint ? <p>{hint}</p> : null}
      {problem?.traceId ? (
        <p className={styles.trace}>{t("error.trace", { id: problem.traceId })}</p>
      ) : null}
      {onRetry === undefined ? null : (
        <div>
          <Button variant="default" onClick={onRetry}>
            {t("retry")}
          </Button>
        </div>
      )}
    </div>
  );
}

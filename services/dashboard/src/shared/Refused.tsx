/** What the API refused of what stands beside an answer, such as the plan of a count. */
import type { UseQueryResult } from "@tanstack/react-query";
import { ProblemNotice } from "./ProblemNotice";
import { isCovered } from "./silence";

export function Refused({ queries }: { queries: readonly UseQueryResult<unknown, Error>[] }) {
  // One notice: all are mostly refused for the same reason.
  const failed = queries.find(({ data, error }) => error !== null && !isCovered(data, error));
  if (failed === undefined || failed.error === null) return null;
  return <ProblemNotice error={failed.error} onRetry={() => void failed.refetch()} />;
}

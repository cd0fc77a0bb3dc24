/** Shows the answer of a query: a grey block until it comes, the refusal beside old data. */
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Loading } from "./Loading";
import { ProblemNotice } from "./ProblemNotice";
import { isCovered } from "./silence";

interface Props<T> {
  query: UseQueryResult<T, Error>;
  children: (data: T) => ReactNode;
}

export function Answered<T>({ query, children }: Props<T>) {
  const { data, error } = query;
  return (
    <>
      {error === null || isCovered(data, error) ? null : (
        <ProblemNotice error={error} onRetry={() => void query.refetch()} />
      )}
      {data !== undefined ? children(data) : null}
      {data === undefined && error === null ? <Loading /> : null}
    </>
  );
}

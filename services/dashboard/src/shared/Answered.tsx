/** Shows the answer of a query: a grey block until it comes, the refusal beside old data. */
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ApiProblem, UNREACHABLE } from "../api/client";
import { Loading } from "./Loading";
import { ProblemNotice } from "./ProblemNotice";

interface Props<T> {
  query: UseQueryResult<T, Error>;
  children: (data: T) => ReactNode;
}

export function Answered<T>({ query, children }: Props<T>) {
  const { data, error } = query;
  // The band over the page covers an API that does not answer, where there is an old picture.
  const isCovered =
    data !== undefined && error instanceof ApiProblem && error.status === UNREACHABLE;
  return (
    <>
      {error === null || isCovered ? null : (
        <ProblemNotice error={error} onRetry={() => void query.refetch()} />
      )}
      {data !== undefined ? children(data) : null}
      {data === undefined && error === null ? <Loading /> : null}
    </>
  );
}

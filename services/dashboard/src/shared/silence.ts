/** When a refusal needs no notice of its own. */
import { ApiProblem, UNREACHABLE } from "../api/client";

/** Whether the band over the page says it: the API does not answer, and an old picture is there. */
export function isCovered(data: unknown, error: Error | null): boolean {
  return data !== undefined && error instanceof ApiProblem && error.status === UNREACHABLE;
}

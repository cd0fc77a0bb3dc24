/** How the page asks the API: typed by its OpenAPI document, each refusal an `ApiProblem`. */
import createClient from "openapi-fetch";
import { currentLanguage } from "../i18n/language";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

/** A refusal of the API (RFC 9457) or, with status 0, an API that does not answer. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly hint: string;
  readonly traceId: string;
  readonly errors: readonly { pointer: string; detail: string }[];

  constructor(status: number, document: Partial<Schemas["Problem"]>) {
    super(document.title ?? "");
    this.name = "ApiProblem";
    this.status = status;
    this.code = (document.type ?? "").replace("urn:werknetz:problem:", "");
    this.detail = document.detail ?? "";
    this.hint = document.hint ?? "";
    this.traceId = document.trace_id ?? "";
    this.errors = (document.errors ?? []).map((error) => ({
      pointer: error.pointer ?? "",
      detail: error.detail ?? "",
    }));
  }
}

/** The API or the way to it is down: the page keeps what it shows and tries again. */
export const UNREACHABLE = 0;

function unreachable(): ApiProblem {
  return new ApiProblem(UNREACHABLE, { type: "urn:werknetz:problem:unreachable" });
}

const ANSWER_MS = 30_000;
const LONG_ANSWER_MS = 120_000;
/** What the API computes while the page waits: over weeks of data, or at another machine. */
const LONG = [
  /\/calendars(:preview|:import)?$/,
  /\/mappings:(amend|diff|preview)$/,
  /\/mappings\/[^/]+\/versions\/[^/]+:activate$/,
  /\/quarantine:(assign|discard|reopen|replay)$/,
  /\/replays$/,
  /:(sign|withdraw_signature)$/,
];

/** Return after how many milliseconds an answer is no longer waited for. */
export function patienceMs(method: string, path: string): number {
  const isLong = method !== "GET" && LONG.some((pattern) => pattern.test(path));
  return isLong ? LONG_ANSWER_MS : ANSWER_MS;
}

async function fetchFresh(request: Request): Promise<Response> {
  const patience = AbortSignal.timeout(patienceMs(request.method, new URL(request.url).pathname));
  // A connection that died without a word would else hold its query, and its interval, for ever.
  const signal = AbortSignal.any([request.signal, patience]);
  // "no-cache" revalidates: a 304 costs no body, and no answer is older than this request.
  try {
    return await fetch(
      new Request(request, { cache: "no-cache", credentials: "same-origin", signal }),
    );
  } catch {
    throw unreachable();
  }
}

// Lists are sent as repeated parameters, as the API reads them.
export const api = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? "http://localhost",
  fetch: fetchFresh,
});

api.use({
  onRequest({ request }) {
    request.headers.set("Accept-Language", currentLanguage());
    return request;
  },
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Return the JSON body of an answer; throw what the API refused as `ApiProblem`.
 *
 * Lists also come as CSV and NDJSON, which are texts: the page never asks for those here.
 */
export async function bodyOf<T>(answer: Promise<Answer<T>>): Promise<Exclude<T, string>> {
  const { data, error, response } = await answer.catch((failure: unknown) => {
    // The answer began and then stopped.
    throw failure instanceof DOMException || failure instanceof TypeError ? unreachable() : failure;
  });
  if (!response.ok) {
    throw new ApiProblem(response.status, isProblem(error) ? error : {});
  }
  // A 204 has no body; its type is `never` or undefined.
  return data as Exclude<T, string>;
}

function isProblem(error: unknown): error is Partial<Schemas["Problem"]> {
  return typeof error === "object" && error !== null && "type" in error;
}

/** The endpoints of a server that the edge can use, the most secure first. */
import type { Schemas } from "../../../api/client";

type Endpoint = Schemas["EndpointView"];
export type Policy = Schemas["BrowseRequest"]["policy"];
export type Mode = Schemas["BrowseRequest"]["mode"];

export interface Security {
  policy: Policy;
  mode: Mode;
}

const POLICIES: readonly Policy[] = [
  "Aes256Sha256RsaPss",
  "Basic256Sha256",
  "Aes128Sha256RsaOaep",
  "None",
];
const MODES: readonly Mode[] = ["SignAndEncrypt", "Sign", "None"];

export function choicesOf(endpoints: readonly Pick<Endpoint, "policy" | "mode">[]): Security[] {
  return POLICIES.flatMap((policy) =>
    MODES.filter(
      (mode) =>
        (policy === "None") === (mode === "None") &&
        endpoints.some((one) => one.policy === policy && one.mode === mode),
    ).map((mode) => ({ policy, mode })),
  );
}

export function keyOf({ policy, mode }: Security): string {
  return `${policy}/${mode}`;
}

/** A fingerprint as people compare it: in pairs. */
export function inPairs(fingerprint: string): string {
  return fingerprint.toUpperCase().match(/../g)?.join(":") ?? fingerprint;
}

/** How a server is opened. */
export type Session = Pick<Schemas["BrowseRequest"], "url" | "policy" | "mode" | "user">;

export function sessionOf(url: string, { policy, mode }: Security, user: string): Session {
  const name = user.trim();
  return { url, policy, mode, ...(name === "" ? {} : { user: name }) };
}

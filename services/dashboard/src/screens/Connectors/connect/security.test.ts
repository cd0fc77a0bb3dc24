import { expect, it } from "vitest";
import { choicesOf, inPairs } from "./security";

it("offers what the edge can use, the most secure first, each once", () => {
  const choices = choicesOf([
    { policy: "None", mode: "None" },
    { policy: "Basic256Sha256", mode: "Sign" },
    { policy: "Basic256Sha256", mode: "SignAndEncrypt" },
    { policy: "Basic256Sha256", mode: "SignAndEncrypt" },
    { policy: "Basic128Rsa15", mode: "Sign" },
  ]);
  expect(choices).toEqual([
    { policy: "Basic256Sha256", mode: "SignAndEncrypt" },
    { policy: "Basic256Sha256", mode: "Sign" },
    { policy: "None", mode: "None" },
  ]);
});

it("writes a fingerprint in pairs", () => {
  expect(inPairs("ab01ff")).toBe("AB:01:FF");
});

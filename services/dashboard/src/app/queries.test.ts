import { QueryObserver } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { ApiProblem } from "../api/client";
import { isSignedOut, newClient } from "./queries";

test("who is signed in is asked again, once, when the session has ended", async () => {
  const client = newClient();
  let asked = 0;
  const who = new QueryObserver<string>(client, {
    queryKey: ["me"],
    queryFn: async () => {
      asked += 1;
      if (asked > 1) throw new ApiProblem(401, {});
      return "eva";
    },
  });
  const stop = who.subscribe(() => {});
  await expect.poll(() => who.getCurrentResult().data).toBe("eva");
  const refused = async () => {
    throw new ApiProblem(401, {});
  };
  await Promise.all(
    ["overview", "stops"].map((name) =>
      client.fetchQuery({ queryKey: [name], queryFn: refused }).catch(() => undefined),
    ),
  );
  await expect.poll(() => isSignedOut(who.getCurrentResult().error)).toBe(true);
  await client.fetchQuery({ queryKey: ["losses"], queryFn: refused }).catch(() => undefined);
  expect(asked).toBe(2);
  stop();
});

test("a refusal for another reason asks nobody", async () => {
  const client = newClient();
  client.setQueryData(["me"], "eva");
  const forbidden = client.fetchQuery({
    queryKey: ["audit"],
    queryFn: async () => {
      throw new ApiProblem(403, {});
    },
  });
  await expect(forbidden).rejects.toThrow();
  expect(client.getQueryState(["me"])?.isInvalidated).toBe(false);
});

import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { renewed, renewing } from "./useAction";

test("a first answer that was under way during the change is asked for again", async () => {
  const client = new QueryClient();
  const answers: ((text: string) => void)[] = [];
  const observer = new QueryObserver<string>(client, {
    queryKey: ["shifts", "press-1"],
    queryFn: () => new Promise((resolve) => answers.push(resolve)),
  });
  const stop = observer.subscribe(() => {});
  const done = renewed(client, ["shifts"]);
  answers[0]?.("before");
  await expect.poll(() => answers.length).toBe(2);
  answers[1]?.("after");
  await done;
  expect(observer.getCurrentResult().data).toBe("after");
  stop();
});

test.each([
  ["was made", () => Promise.resolve("done")],
  ["was refused", () => Promise.reject(new Error("changed since"))],
])("what a change makes old is asked for again when it %s", async (_, change) => {
  let asked = 0;
  await renewing(change, () => {
    asked += 1;
  }).catch(() => undefined);
  expect(asked).toBe(1);
});

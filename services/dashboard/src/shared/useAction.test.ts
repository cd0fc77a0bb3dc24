import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { renewed } from "./useAction";

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

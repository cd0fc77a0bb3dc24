import { afterEach, expect, test, vi } from "vitest";
import { explore } from "../../../api/connectors";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const BODY = { action: "endpoints", url: "opc.tcp://plc-7:4840" } as const;

function edgeThatNeverAnswers() {
  vi.useFakeTimers();
  const asked = vi.fn(async () =>
    Response.json({ id: "x1", connector: "cell-7", action: "endpoints", state: "waiting" }),
  );
  vi.stubGlobal("fetch", asked);
  vi.stubGlobal("location", { origin: "http://127.0.0.1" });
  return asked;
}

test("an exploration that nobody answers is not waited for for ever", async () => {
  edgeThatNeverAnswers();
  const answer = explore("cell-7", BODY, () => true);
  await vi.advanceTimersByTimeAsync(90_000);
  await expect(answer).resolves.toBe("unanswered");
});

test("an exploration is not asked for any more once nobody waits", async () => {
  const asked = edgeThatNeverAnswers();
  let isAwaited = true;
  const answer = explore("cell-7", BODY, () => isAwaited);
  await vi.advanceTimersByTimeAsync(3000);
  isAwaited = false;
  const before = asked.mock.calls.length;
  await vi.advanceTimersByTimeAsync(3000);
  await expect(answer).resolves.toBe("unanswered");
  expect(asked.mock.calls.length - before).toBeLessThanOrEqual(1);
});

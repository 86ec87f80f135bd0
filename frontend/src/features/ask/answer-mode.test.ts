import { QueryClient } from "@tanstack/react-query";
import { afterEach, expect, test, vi } from "vitest";
import { client as api } from "@/client/client.gen";
import { chooseMode } from "./answer-mode";

// Outside a browser an address needs its host.
api.setConfig({ baseUrl: "http://tidings.test", throwOnError: true });

afterEach(() => vi.unstubAllGlobals());

/** A server whose status comes when `answer` is called. */
function slowStatus() {
  let answer: (response: Response) => void = () => undefined;
  const asked = vi.fn(() => new Promise<Response>((resolve) => (answer = resolve)));
  vi.stubGlobal("fetch", asked);
  return {
    asked,
    say: (llm: string) =>
      answer(new Response(JSON.stringify({ llm }), { headers: { "Content-Type": "application/json" } })),
    fail: () => answer(new Response("", { status: 503 })),
  };
}

const client = () => new QueryClient({ defaultOptions: { queries: { retry: false } } });

test("a question asked before the status is known waits for it", async () => {
  const server = slowStatus();
  let chosen: string | undefined;
  const choosing = chooseMode(client(), false).then((mode) => (chosen = mode));
  await vi.waitFor(() => expect(server.asked).toHaveBeenCalled());
  expect(chosen).toBeUndefined();
  server.say("generated");
  await choosing;
  expect(chosen).toBe("generated");
});

test("without a model the sources are quoted", async () => {
  const server = slowStatus();
  const choosing = chooseMode(client(), false);
  await vi.waitFor(() => expect(server.asked).toHaveBeenCalled());
  server.say("extractive");
  expect(await choosing).toBe("extractive");
});

test("where the status cannot be had the server decides", async () => {
  const server = slowStatus();
  const choosing = chooseMode(client(), false);
  await vi.waitFor(() => expect(server.asked).toHaveBeenCalled());
  server.fail();
  expect(await choosing).toBe("generated");
});

test("whoever wants quotes only gets them at once", async () => {
  const server = slowStatus();
  expect(await chooseMode(client(), true)).toBe("extractive");
  expect(server.asked).not.toHaveBeenCalled();
});

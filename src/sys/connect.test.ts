import { expect, test } from "vitest";
import { acceptStreams, connectStream } from "./connect.ts";
import { createFakeSys } from "./fake.ts";
import { FakeLoop } from "./fake-loop.ts";

const address = { kind: "unix", path: "/run/s" } as const;

test("a want of descriptors is told once; who waited is served when there are some again", async () => {
  const sys = createFakeSys();
  const loop = new FakeLoop(sys);
  const told: string[] = [];
  let accepted = 0;
  acceptStreams(sys, loop, sys.listen(address), () => accepted++, {
    onExhausted: ({ code }) => told.push(code),
  });
  for (const round of [1, 2]) {
    const enough = sys.fake.fail("accept", "EMFILE");
    void connectStream(sys, loop, address);
    void connectStream(sys, loop, address);
    sys.fake.calls.length = 0;
    await loop.advance(10_000);
    // Ten times a second at most: it does not spin.
    expect(sys.fake.callsOf("accept").length).toBeLessThanOrEqual(101);
    expect(told).toEqual(Array(round).fill("EMFILE"));
    expect(accepted).toBe(2 * round - 2);
    enough();
    await loop.advance(200);
    expect(accepted).toBe(2 * round);
  }
  expect(loop.faults).toEqual([]);
});

import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { kataCtl, repository, runCommand, TestHost } from "../support/kata-ctl.ts";
import { expectNoLeaks, type HostSnapshot, snapshotHost } from "../support/leak-check.ts";

let host: TestHost;
let before: HostSnapshot;

beforeAll(async () => {
  host = new TestHost();
  await host.loadDemoImage();
});
afterAll(() => host.remove());
beforeEach(() => {
  before = snapshotHost();
});
afterEach(() => expectNoLeaks(before));

type Step = { expect: string; timeout?: number } | { send: string } | { resize: [number, number] };

/** Plays `steps` against kata-ctl on a pseudo terminal of 24 rows and 80 columns. */
async function session(arguments_: readonly string[], steps: readonly Step[]) {
  const script = path.join(repository, "test/support/terminal.py");
  const result = await runCommand("python3", [
    script,
    JSON.stringify(steps),
    kataCtl,
    "--root",
    host.root,
    ...arguments_,
  ]);
  if (result.code !== 0) throw new Error(result.stderr);
  return JSON.parse(result.stdout) as { code: number; output: string; failed: Step | null };
}

describe("a terminal session", () => {
  test("has the terminal's size, follows a resize, and passes Ctrl-C and the exit code on", async () => {
    const { code, output, failed } = await session(
      ["run", "--rm", "-it", "busybox", "sh"],
      [
        { expect: "# " },
        { send: "stty size\r" },
        { expect: "24 80" },
        { expect: "# " },
        { resize: [40, 132] },
        // The resize and the next keys take different ways into the guest.
        { send: `until stty size | grep -q "40 132"; do sleep 0.1; done; stty size\r` },
        { expect: "done; stty size\r\n" },
        { expect: "40 132" },
        { expect: "# " },
        // Whoever says "go" has the terminal's signals already.
        { send: `sh -c "echo go; exec sleep 1000"\r` },
        { expect: "\r\ngo\r\n" },
        { send: "\x03" },
        { expect: "# " },
        { send: "echo status $?\r" },
        { expect: "status 130" },
        { send: "exit 5\r" },
      ],
    );
    expect({ failed, output }).toEqual({ failed: null, output });
    expect(code).toBe(5);
  });

  test("is made without flags when both ends are a terminal", async () => {
    const { code, failed } = await session(
      ["run", "--rm", "busybox", "sh", "-c", "test -t 0 && test -t 1 && echo tty"],
      [{ expect: "tty" }],
    );
    expect(failed).toBeNull();
    expect(code).toBe(0);
  });

  test("works through exec", async () => {
    await host.must(["run", "-d", "--name", "web", "busybox", "sleep", "1000"]);
    try {
      const { code, failed } = await session(
        ["exec", "-it", "web", "sh"],
        [
          { expect: "# " },
          { send: "tty; stty size\r" },
          { expect: "/dev/pts/" },
          { expect: "24 80" },
          { send: "exit 6\r" },
        ],
      );
      expect(failed).toBeNull();
      expect(code).toBe(6);
    } finally {
      await host.must(["rm", "-f", "web"]);
    }
  });
});

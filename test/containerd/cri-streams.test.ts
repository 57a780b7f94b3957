import { beforeAll, describe, expect, test } from "vitest";
import type { Pod } from "../support/cri/pod.ts";
import { criSuite, fullSetVersion } from "../support/cri/suite.ts";

// Attach and exec with streams, as kubectl asks for them.

criSuite([fullSetVersion], (suite) => {
  let pod: Pod;
  beforeAll(async () => {
    pod = await suite.runPod();
  });

  describe("attach", () => {
    test("reaches a terminal, leaves it, comes back, and sees the end", async () => {
      const container = await pod.run("terminal", "exec sh", { tty: true, stdin: true });
      const first = await container.attach({ tty: true, stdin: true });
      first.resize(101, 33);
      await expect.poll(() => container.sh("stty size < /proc/1/fd/0"), { timeout: 60_000 }).toBe("33 101");
      first.write("echo one$((1+1))\n");
      await first.expectOutput("one2");
      first.close();
      const second = await container.attach({ tty: true, stdin: true });
      second.write("echo back$((1+2)); exit 5\n");
      await second.expectOutput("back3");
      await second.closed;
      expect(await container.ended()).toMatchObject({ exitCode: 5 });
      expect(container.logs().map(({ text }) => text.trim())).toContain("back3");
      await container.remove();
    });

    test("carries standard input to its end, and both outputs apart", async () => {
      const script = "read line; echo got $line; echo problem >&2; sleep 0.2; exit 4";
      const container = await pod.run("plain", script, { stdin: true, stdinOnce: true });
      const stream = await container.attach({ stdin: true });
      stream.write("words\n");
      await stream.closed;
      expect([stream.stdout, stream.stderr]).toEqual(["got words\n", "problem\n"]);
      expect(await container.ended()).toMatchObject({ exitCode: 4 });
      await container.remove();
    });
  });

  describe("exec", () => {
    test("with input and an exit code", async () => {
      const container = await pod.run("exec", "exec sleep 1000");
      const stream = await container.execStream(["sh", "-c", "read x; echo got $x; echo err >&2; exit 9"], {
        stdin: true,
      });
      stream.write("it\n");
      await stream.closed;
      expect([stream.stdout, stream.stderr]).toEqual(["got it\n", "err\n"]);
      expect(JSON.parse(stream.error)).toMatchObject({
        status: "Failure",
        details: { causes: [{ reason: "ExitCode", message: "9" }] },
      });
      await container.stop();
      await container.remove();
    });

    test("with a terminal that is resized", async () => {
      const container = await pod.run("exec-tty", "exec sleep 1000");
      const stream = await container.execStream(["sh"], { stdin: true, tty: true });
      stream.resize(90, 25);
      stream.write(
        "while [ \"$(stty size)\" != '25 90' ]; do sleep 0.1; done; echo size is right | tr a-z A-Z; tty; exit\n",
      );
      await stream.expectOutput("SIZE IS RIGHT");
      await stream.expectOutput("/dev/pts/");
      await stream.closed;
      await container.stop();
      await container.remove();
    });

    test("that is left alone when its client goes", async () => {
      const container = await pod.run("exec-left", "exec sleep 1000");
      const stream = await container.execStream(["sh", "-c", "echo started; sleep 1; echo done > /tmp/done"]);
      await stream.expectOutput("started");
      stream.close();
      await expect
        .poll(async () => (await container.exec(["cat", "/tmp/done"])).stdout, { timeout: 60_000 })
        .toBe("done\n");
      await container.stop();
      await container.remove();
    });
  });
});

import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { until } from "../until.ts";
import { containerState } from "./pod-messages.ts";
import type { CriSuite } from "./suite.ts";

/** What every pod needs, with every release of containerd and every way of making sandboxes. */
export function coreScenarios(suite: CriSuite): void {
  test("a pod lives, is stopped, and is removed", async () => {
    const { host } = suite;
    const pod = await suite.runPod({ hostname: "web" });
    const [address] = await pod.addresses();
    expect(address).toMatch(/^10\.88\.7\.\d+$/);
    const listed = async () => (await host.call("ListPodSandbox", {})).items.map(({ id, state }) => ({ id, state }));
    expect(await listed()).toEqual([{ id: pod.id, state: 0 }]);

    const container = await pod.create("one", "echo out; echo err >&2; exec sleep 1000");
    expect((await container.status()).state).toBe(containerState.created);
    await container.start();
    expect((await container.status()).state).toBe(containerState.running);
    await container.logged("err");
    expect(await container.sh("hostname")).toBe("web");
    expect(container.logs().map(({ stream, tag, text }) => [stream, tag, text])).toEqual(
      expect.arrayContaining([
        ["stdout", "F", "out"],
        ["stderr", "F", "err"],
      ]),
    );
    const before = BigInt(Date.now()) * 1_000_000n;
    await container.stop();
    const status = await container.status();
    expect(status).toMatchObject({ state: containerState.exited, exitCode: 137, reason: "Error" });
    expect(status.finishedAt).toBeGreaterThanOrEqual(before);
    await container.remove();

    await pod.stop();
    expect(await listed()).toEqual([{ id: pod.id, state: 1 }]);
    expect(await pod.addresses()).not.toContain(address);
    await pod.stop();
    await pod.remove();
    expect(await listed()).toEqual([]);
  });

  test("init containers, then containers that are restarted and removed in any order", async () => {
    const pod = await suite.runPod();
    for (const name of ["init1", "init2"]) {
      const init = await pod.run(name, `echo ${name} done; exit 0`);
      expect(await init.ended()).toMatchObject({ exitCode: 0, reason: "Completed" });
      expect(init.logs().map(({ text }) => text)).toEqual([`${name} done`]);
      await init.remove();
    }
    const first = await pod.run("first", "exec sleep 1000");
    const second = await pod.run("second", "sleep 0.2; exit 7");
    const third = await pod.run("third", "exec sleep 1000");
    expect(await second.ended()).toMatchObject({ exitCode: 7, reason: "Error" });
    const again = await pod.run("second", "exec sleep 1000", { metadata: { name: "second", attempt: 1 } });
    await second.remove();
    await first.stop();
    await first.remove();
    expect(await third.sh("echo third lives")).toBe("third lives");
    expect(await again.sh("echo second lives")).toBe("second lives");
    const states = (await suite.host.call("ListContainers", { filter: { podSandboxId: pod.id } })).containers;
    expect(states.map(({ metadata, state }) => [metadata?.name, metadata?.attempt, state]).sort()).toEqual([
      ["second", 1, containerState.running],
      ["third", 0, containerState.running],
    ]);
    // What still runs goes with the pod.
    await pod.remove();
    expect((await suite.host.call("ListContainers", { filter: { podSandboxId: pod.id } })).containers).toEqual([]);
  });

  test("exec answers probes, and ends them in time", async () => {
    const pod = await suite.runPod();
    const container = await pod.run("one", "exec sleep 1000");
    for (let round = 0; round < 5; round++) {
      const result = await container.exec(["sh", "-c", `echo out ${round}; echo err >&2; exit ${round}`], 30);
      expect(result).toEqual({ code: round, stdout: `out ${round}\n`, stderr: "err\n" });
    }
    await expect(container.exec(["sleep", "1001"], 1)).rejects.toThrow(/timeout 1s exceeded/);
    expect(await container.sh("ps -o args | grep -c '[s]leep 1001' || true")).toBe("0");
    await expect(container.exec(["/no/such/program"])).rejects.toThrow(/no such file/i);
    expect(await container.sh("echo still here")).toBe("still here");
  });

  test("a pod outlives a containerd that is killed, and what ended meanwhile is known", async () => {
    const { host } = suite;
    const pod = await suite.runPod();
    const addresses = await pod.addresses();
    const lasting = await pod.run("lasting", "while :; do echo tick; sleep 0.2; done");
    const hostPath = mkdtempSync(path.join(host.directory, "meanwhile-"));
    const ending = await pod.run("ending", "until [ -e /data/end ]; do sleep 0.2; done; touch /data/ended; exit 7", {
      mounts: [{ hostPath, containerPath: "/data" }],
    });
    await lasting.logged("tick");
    await host.restart(async () => {
      writeFileSync(path.join(hostPath, "end"), "");
      await until("the container's end", () => existsSync(path.join(hostPath, "ended")) || undefined);
    });
    // A shim without any process is taken for leaked by containerd from 1.7 on, and its containers' codes are lost: runc's.
    const exitCode = suite.handler === "kata" ? 7 : expect.any(Number);
    expect(await ending.ended()).toMatchObject({ exitCode });
    expect(await pod.addresses()).toEqual(addresses);
    expect((await lasting.status()).state).toBe(containerState.running);
    const before = lasting.logs().length;
    await until("more lines in the log", () => lasting.logs().length > before || undefined);
    expect(await lasting.sh("echo still here")).toBe("still here");
    await ending.remove();
    const next = await pod.run("next", "exit 3");
    expect(await next.ended()).toMatchObject({ exitCode: 3 });
    await pod.stop();
    expect(await lasting.status()).toMatchObject({ state: containerState.exited, exitCode: 137 });
    await pod.remove();
  });
}

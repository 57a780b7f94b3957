import { expect, test } from "vitest";
import { containerState } from "../support/cri/pod-messages.ts";
import { criSuite } from "../support/cri/suite.ts";

// containerd 2.x makes pods by the shim's sandbox API instead of a pause container when a runtime says `sandboxer = "shim"`.

criSuite(
  ["2.1"],
  (suite) => {
    test("a pod without a pause container: containers, their network and kernel parameters, its end", async () => {
      const { host } = suite;
      const pod = await suite.runPod({
        hostname: "web",
        linux: { sysctls: { "net.ipv4.ip_local_port_range": "40000 41000" } },
      });
      const [address] = await pod.addresses();
      expect(address).toMatch(/^10\.88\.7\.\d+$/);
      const state = async () => (await host.call("PodSandboxStatus", { podSandboxId: pod.id })).status?.state;
      expect(await state()).toBe(0);
      const first = await pod.run("first", "exec sleep 1000");
      expect(await first.sh("hostname; cat /proc/sys/net/ipv4/ip_local_port_range")).toBe("web\n40000\t41000");
      expect(await first.sh("ip -4 -o addr show dev eth0")).toContain(`${address}/`);
      const second = await pod.run("second", "exit 7");
      expect(await second.ended()).toMatchObject({ exitCode: 7 });
      await second.remove();
      expect(await first.sh("echo first lives")).toBe("first lives");
      await pod.stop();
      expect((await first.status()).state).toBe(containerState.exited);
      expect(await state()).toBe(1);
      await pod.remove();
      expect((await host.call("ListPodSandbox", {})).items).toEqual([]);
    });

    test("the shim's log lines arrive in containerd's, in its form", async () => {
      const pod = await suite.runPod();
      await pod.remove();
      const lines = suite.host.containerd.log().split("\n");
      const ours = lines.filter((line) => line.includes(`sandbox=${pod.id}`));
      if (suite.handler === "runc") return expect(ours).toEqual([]);
      expect(ours.some((line) => line.includes('msg="agent answered"'))).toBe(true);
      for (const line of ours) expect(line).toMatch(/^time="[^"]{30,35}" level=(debug|info|warning) msg=\S/);
    });

    test("the runtime tells containerd what it is", async () => {
      if (suite.handler === "runc") return;
      const { stdout } = await suite.host.containerd.must([
        "plugins",
        "inspect-runtime",
        "--runtime",
        "io.containerd.kata.v2",
      ]);
      expect(JSON.parse(stdout)).toMatchObject({
        Name: "io.containerd.kata.v2",
        Version: { Version: expect.stringMatching(/^\d+\.\d+/) },
      });
    });
  },
  { sandboxer: "shim" },
);

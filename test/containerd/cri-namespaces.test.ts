import { expect, test } from "vitest";
import { namespaceMode } from "../support/cri/pod-messages.ts";
import { criSuite, fullSetVersion } from "../support/cri/suite.ts";

// What the containers of a pod share.

criSuite([fullSetVersion], (suite) => {
  const sleep = "trap 'exit 0' TERM; while :; do sleep 1; done";

  test("host name, DNS, sysctls, shared memory and IPC; processes are their own", async () => {
    const pod = await suite.runPod({
      hostname: "web",
      dnsConfig: { servers: ["10.0.0.10", "fd00::10"], searches: ["default.svc", "svc"], options: ["ndots:5"] },
      linux: {
        sysctls: {
          "net.ipv4.ip_local_port_range": "20000 30000",
          "net.core.somaxconn": "777",
          "kernel.shmmax": "123456789",
          "kernel.shm_rmid_forced": "1",
        },
      },
    });
    const one = await pod.run("one", sleep);
    const two = await pod.run("two", sleep);
    for (const container of [one, two]) {
      expect(await container.sh("hostname")).toBe("web");
      expect((await container.sh("cat /etc/resolv.conf")).split("\n").sort()).toEqual([
        "nameserver 10.0.0.10",
        "nameserver fd00::10",
        "options ndots:5",
        "search default.svc svc",
      ]);
      const sysctls = "net.ipv4.ip_local_port_range net.core.somaxconn kernel.shmmax kernel.shm_rmid_forced";
      expect(await container.sh(`for key in ${sysctls}; do sysctl -n $key | tr '\\t' ' '; done`)).toBe(
        "20000 30000\n777\n123456789\n1",
      );
      expect(await container.sh("ps -o args")).not.toContain("pause");
      expect(await container.sh("echo $(ls /proc | grep -c '^[0-9]')")).toMatch(/^[2-6]$/);
    }
    await one.sh("echo shared > /dev/shm/file");
    expect(await two.sh("cat /dev/shm/file; df -k /dev/shm | tail -1 | awk '{print $2}'")).toBe("shared\n65536");
    const space = (kind: string) => `readlink /proc/self/ns/${kind}`;
    for (const kind of ["ipc", "uts", "net"]) expect(await one.sh(space(kind))).toBe(await two.sh(space(kind)));
    for (const kind of ["pid", "mnt"]) expect(await one.sh(space(kind))).not.toBe(await two.sh(space(kind)));

    // What is shared outlives each of them.
    await one.stop();
    await one.remove();
    const again = await pod.run("one", sleep, { metadata: { name: "one", attempt: 1 } });
    expect(await again.sh("cat /dev/shm/file; hostname; sysctl -n net.core.somaxconn")).toBe("shared\nweb\n777");
    await pod.remove();
  });

  test("one pid namespace, when the pod asks for it", async () => {
    const securityContext = { namespaceOptions: { pid: namespaceMode.pod } };
    const pod = await suite.runPod({ linux: { securityContext } });
    const first = await pod.run("first", "exec sleep 1001", { linux: { securityContext } });
    const second = await pod.run("second", "exec sleep 1002", { linux: { securityContext } });
    const seen = (): Promise<string> => second.sh("ps -o args | grep '^sleep 100[1-9]' | sort");
    expect(await seen()).toBe("sleep 1001\nsleep 1002");
    await second.sh("kill $(ps -o pid,args | awk '$2 == \"sleep\" && $3 == 1001 { print $1 }')");
    expect(await first.ended()).toMatchObject({ exitCode: 143 });
    const again = await pod.run("first", "exec sleep 1003", {
      linux: { securityContext },
      metadata: { name: "first", attempt: 1 },
    });
    expect(await seen()).toBe("sleep 1002\nsleep 1003");
    await second.stop(30);
    expect(await second.status()).toMatchObject({ exitCode: 143 });
    expect(await again.sh("ps -o args | grep '^sleep 100[1-9]'")).toBe("sleep 1003");
    expect(await again.sh("test $$ -gt 1 && echo more")).toBe("more");
    await pod.remove();
  });
});

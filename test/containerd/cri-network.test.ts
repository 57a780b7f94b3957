import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { podNetwork } from "../support/cri/cni.ts";
import type { Pod, PodContainer } from "../support/cri/pod.ts";
import { criSuite, fullSetVersion } from "../support/cri/suite.ts";
import { until } from "../support/guest-vm.ts";

// Two pods on one bridge, each with a service, and the node beside them.

criSuite([fullSetVersion], (suite) => {
  const HOST_PORT = 18080;
  let server: { pod: Pod; container: PodContainer; v4: string; v6: string };
  let client: { pod: Pod; container: PodContainer; v4: string; v6: string };

  const runPod = async (name: string, script: string, options: Parameters<typeof suite.runPod>[0] = {}) => {
    const pod = await suite.runPod({ hostname: name, ...options });
    const container = await pod.run(name, script);
    const [v4 = "", v6 = ""] = await pod.addresses();
    return { pod, container, v4, v6 };
  };
  /** Prints the server's name. Debian's static busybox has a wget that cannot look up names, and crashes. */
  const get = (host: string, port = 80, netcat = "nc -w 10") =>
    `printf 'GET /name HTTP/1.0\\r\\n\\r\\n' | ${netcat} ${host} ${port} | tail -n 1`;

  beforeAll(async () => {
    const page = "mkdir /www && hostname > /www/name && exec httpd -f -h /www -p 80";
    [server, client] = await Promise.all([
      runPod("server", page, { portMappings: [{ containerPort: 80, hostPort: HOST_PORT }] }),
      runPod("client", "exec sleep 1000"),
    ]);
    await until(
      async () => (await server.container.exec(["sh", "-c", get("127.0.0.1")])).stdout === "server\n",
      60_000,
      "the service",
    );
  });

  test("a pod's interface has what CNI gave it", async () => {
    const { container, v4, v6 } = server;
    const address = await container.sh("ip addr show dev eth0");
    expect(address).toContain(`inet ${v4}/24`);
    expect(address).toContain(`inet6 ${v6}/64`);
    expect(address).toContain("mtu 1500");
    expect(await container.sh("ip route show default")).toContain(`default via ${podNetwork.v4.gateway} dev eth0`);
    expect(await container.sh("ip -6 route show default")).toContain(`default via ${podNetwork.v6.gateway} dev eth0`);
    expect(v4).not.toBe(client.v4);
  });

  test("a service is reached from the other pod, over IPv4 and IPv6", async () => {
    expect(await client.container.sh(get(server.v4))).toBe("server");
    expect(await client.container.sh(get(server.v6))).toBe("server");
    expect(await client.container.sh(`ping -c 1 -W 10 ${server.v4} | grep -c 'bytes from'`)).toBe("1");
  });

  test("a service is reached from the node, and a node's service from the pod", async () => {
    const fromNode = (host: string) => suite.host.node.run(["sh", "-c", get(host, 80, "busybox nc -w 2")]);
    for (const address of [server.v4, server.v6]) {
      await expect.poll(async () => (await fromNode(address)).stdout, { timeout: 50_000 }).toBe("server\n");
    }

    const pages = path.join(suite.host.directory, "pages");
    mkdirSync(pages, { recursive: true });
    writeFileSync(path.join(pages, "name"), "node\n");
    const address = `${podNetwork.v4.gateway}:7000`;
    let pid: number | undefined;
    const started = (child: number): void => {
      pid = child;
    };
    const httpd = suite.host.node.run(["busybox", "httpd", "-f", "-p", address, "-h", pages], { started });
    try {
      const fromPod = async () => (await client.container.exec(["sh", "-c", get(podNetwork.v4.gateway, 7000)])).stdout;
      await expect.poll(fromPod, { timeout: 50_000 }).toBe("node\n");
    } finally {
      if (pid !== undefined) process.kill(pid);
      await httpd;
    }
  });

  test("a host port leads to the pod", async () => {
    expect(await client.container.sh(get(podNetwork.v4.gateway, HOST_PORT))).toBe("server");
  });

  test("large transfers arrive whole", async () => {
    await server.container.sh("dd if=/dev/urandom of=/www/large bs=64k count=64 2>/dev/null");
    const sum = await server.container.sh("md5sum < /www/large");
    const get = `printf 'GET /large HTTP/1.0\\r\\n\\r\\n' | nc -w 10 ${server.v4} 80`;
    expect(await client.container.sh(`${get} | tail -c $((64 * 65536)) | md5sum`)).toBe(sum);
  });

  test("a pod that goes takes its address along, and the other stays reachable", async () => {
    await client.pod.remove();
    const again = await runPod("again", "exec sleep 1000");
    expect(await again.container.sh(get(server.v4))).toBe("server");
    await again.pod.remove();
    await server.pod.remove();
  });
});

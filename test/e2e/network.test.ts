import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import type { CommandResult } from "../support/kata-ctl.ts";
import { killProcess } from "../support/leak-check.ts";
import { NetNamespace, NetNamespaceAt } from "../support/net-namespace.ts";
import type { RunningContainer } from "../support/shim-host.ts";
import { errorOf, useShimHost } from "../support/shim-test.ts";

const { host, nextId } = useShimHost("network");
/** Where pods' networks lead to: a bridge, and one end of each pair that is not on it. */
let lan: NetNamespace;
let pod: NetNamespace;

beforeEach(async () => {
  [lan, pod] = [new NetNamespace(), new NetNamespace()];
  await Promise.all([lan.ready(), pod.ready()]);
  await ip(
    lan,
    "link add br0 type bridge",
    "link set br0 up mtu 1450",
    "addr add 10.88.0.1/16 dev br0",
    "addr add fd00:88::1/64 dev br0 nodad",
  );
});

afterEach(async () => {
  await Promise.all([lan.close(), pod.close()]);
});

const words = (line: string) => line.split(" ");
const pidOf = ({ path }: NetNamespaceAt) => path.split("/")[2] ?? "";

async function inside(net: NetNamespaceAt, command: readonly string[]): Promise<CommandResult> {
  const result = await net.run(command);
  expect(`${command.join(" ")}: ${result.code} ${result.stderr}`).toBe(`${command.join(" ")}: 0 `);
  return result;
}

async function ip(net: NetNamespaceAt, ...lines: string[]): Promise<void> {
  for (const line of lines) await inside(net, ["ip", ...words(line)]);
}

/** eth0 of a namespace, as CNI's bridge plugin makes it. */
async function plugIntoBridge(net: NetNamespaceAt): Promise<void> {
  await ip(
    lan,
    `link add veth0 mtu 1450 master br0 type veth peer name eth0 mtu 1450 netns ${pidOf(net)}`,
    "link set veth0 up",
  );
  await ip(
    net,
    "link set eth0 address 02:88:00:00:00:02",
    "link set eth0 up",
    "addr add 10.88.0.2/16 dev eth0",
    "addr add fd00:88::2/64 dev eth0 nodad",
    "route add default via 10.88.0.1",
    "-6 route add default via fd00:88::1",
    "neigh add 10.88.0.77 lladdr 02:88:00:00:00:77 dev eth0 nud permanent",
  );
}

/** eth1 of the pod, as Calico makes it: a single address, and a gateway that only its own route leads to. */
async function plugCalicoStyle(): Promise<void> {
  await ip(
    lan,
    `link add cali0 mtu 1400 type veth peer name eth1 mtu 1400 netns ${pidOf(pod)}`,
    "link set cali0 up",
    "addr add 169.254.1.1/32 dev cali0",
    "addr add 10.99.1.1/32 dev lo",
    "route add 10.99.0.5/32 dev cali0",
  );
  await ip(
    pod,
    "link set eth1 up",
    "addr add 10.99.0.5/32 dev eth1",
    "route add 169.254.1.1 dev eth1 scope link",
    "route add 10.99.1.0/24 via 169.254.1.1 dev eth1",
  );
}

const network = (netns: string | undefined) => ({
  linux: {
    namespaces: [
      ...["pid", "ipc", "uts", "mount"].map((type) => ({ type })),
      { type: "network", ...(netns === undefined ? {} : { path: netns }) },
    ],
  },
});
const podAnnotations = (type: string, id: string) => ({
  annotations: {
    "io.kubernetes.cri.container-type": type,
    "io.kubernetes.cri.sandbox-id": id,
    // A second CPU, and with it a second queue of the cards.
    "io.kubernetes.cri.sandbox-cpu-quota": "100000",
    "io.kubernetes.cri.sandbox-cpu-period": "100000",
  },
});
const queuesAndCpus = "ls -d /sys/class/net/eth0/queues/rx-* | wc -l; nproc";

const big = Buffer.alloc(3 << 20, "a line that is repeated until the file is large enough\n");
const sha256 = createHash("sha256").update(big).digest("hex");

/** Serves a large and a small file from the lan, until the test is over. */
function serve(): void {
  writeFileSync(path.join(host().dir, "big"), big);
  writeFileSync(path.join(host().dir, "small"), "hello\n");
  const [program = "", ...prefix] = lan.prefix;
  const server = spawn(program, [...prefix, "busybox", "httpd", "-f", "-p", "8000", "-h", host().dir], {
    stdio: "ignore",
  });
  onTestFinished(() => void server.kill());
}

/** Runs a script with the capability that ping needs and returns its output, once it succeeds. */
async function sh(container: RunningContainer, script: string): Promise<string> {
  const capabilities = ["CAP_NET_RAW"];
  const { code, stdout, stderr } = await container.exec(["sh", "-c", script], {
    capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
  });
  expect(`${script}: ${code} ${stdout} ${stderr}`).toBe(`${script}: 0 ${stdout} `);
  return stdout;
}

/** The namespace as its owner left it: no tap, and nothing that takes packets away. */
async function expectUntouched(net: NetNamespaceAt, links: readonly string[]): Promise<void> {
  expect(net.links()).toEqual(links);
  expect((await inside(net, ["tc", "qdisc", "show"])).stdout).not.toContain("ingress");
}

test("a pod's containers have its addresses, routes, neighbours and MTU, and reach others and are reached", async () => {
  await plugIntoBridge(pod);
  await plugCalicoStyle();
  serve();
  const id = nextId();
  const spec = (type: string) => ({ ...network(pod.path), ...podAnnotations(type, id) });
  const sandbox = await host().run(id, { args: ["/pause"], spec: spec("sandbox") });
  expect(pod.links()).toEqual(["eth0", "eth1", "lo", "tap0_kata", "tap1_kata"]);
  const one = await host().run(`${id}-one`, {
    args: ["sh", "-c", "mkdir /www && exec httpd -f -p 80 -h /www"],
    spec: spec("container"),
  });

  const facts = await sh(one, "ip -o addr; ip route; ip -6 route; cat /proc/net/arp; cat /sys/class/net/eth?/mtu");
  for (const fact of [
    /eth0 +inet 10\.88\.0\.2\/16 /,
    /eth0 +inet6 fd00:88::2\/64 /,
    /eth1 +inet 10\.99\.0\.5\/32 /,
    /lo +inet 127\.0\.0\.1\/8 /,
    /^default via 10\.88\.0\.1 dev eth0/m,
    /^10\.99\.1\.0\/24 via 169\.254\.1\.1 dev eth1/m,
    /^169\.254\.1\.1 dev eth1 scope link/m,
    /^default via fd00:88::1 dev eth0/m,
    /^10\.88\.0\.77 .* 02:88:00:00:00:77 /m,
    /^1450\n1400$/m,
  ]) {
    expect(facts).toMatch(fact);
  }
  await sh(one, "ping -c 1 -w 20 10.88.0.1 && ping6 -c 1 -w 20 fd00:88::1 && ping -c 1 -w 20 10.99.1.1");

  const [queues, cpus] = (await sh(one, queuesAndCpus)).split("\n");
  expect(queues).toBe(cpus);

  expect(await sh(one, "wget -q -O - http://[fd00:88::1]:8000/small")).toBe("hello\n");
  expect(await sh(one, "wget -q -O /www/big http://10.88.0.1:8000/big && sha256sum /www/big")).toContain(sha256);
  const fetched = async (url: string) => (await inside(lan, ["busybox", "wget", "-q", "-O", "-", url])).stdoutSha256;
  expect(await fetched("http://10.88.0.2/big")).toBe(sha256);
  expect(await fetched("http://[fd00:88::2]/big")).toBe(sha256);
  expect(await fetched("http://10.99.0.5/big")).toBe(sha256);

  // Another container of the pod is on the same network, loopback included.
  const two = await host().run(`${id}-two`, { args: ["sleep", "1000"], spec: spec("container") });
  expect(await sh(two, "wget -q -O - http://127.0.0.1/big | sha256sum")).toContain(sha256);
  expect(await sh(two, "ip -o -4 addr show eth0")).toContain("10.88.0.2/16");

  killProcess(host().shimPid(id));
  host().deleteShim(id);
  for (const container of [sandbox, one, two]) await container.client.closed;
  await expectUntouched(pod, ["eth0", "eth1", "lo"]);
  // What was redirected to the VM reaches the namespace again.
  await inside(lan, ["busybox", "ping", "-c", "1", "-w", "20", "10.88.0.2"]);
});

test("a network that is made between create and start reaches the guest, as Docker makes it", async () => {
  serve();
  const id = nextId();
  const container = await host().prepare(id, { args: ["sleep", "1000"], spec: network(undefined) });
  await container.create();
  const vmm = new NetNamespaceAt(`/proc/${container.pid}/ns/net`);
  expect(vmm.links()).toEqual(["lo"]);
  await plugIntoBridge(vmm);
  await container.task.start({ id, execId: "" });
  expect(await sh(container, "wget -q -O - http://10.88.0.1:8000/big | sha256sum")).toContain(sha256);
  expect(await sh(container, "wget -q -O - http://[fd00:88::1]:8000/small")).toBe("hello\n");
  await container.end();
});

test("a shim that dies right after the joining leaves nothing that its deletion does not find", async () => {
  await plugIntoBridge(pod);
  const id = nextId();
  Object.assign(host().env, { KATA_TS_TESTING: "1", KATA_TS_FAILPOINT: "network-joined=kill" });
  const container = await host().prepare(id, { args: ["true"], spec: network(pod.path) });
  await expect(container.create()).rejects.toThrow();
  expect((await inside(pod, ["tc", "qdisc", "show", "dev", "eth0"])).stdout).toContain("ingress");
  host().deleteShim(id);
  await expectUntouched(pod, ["eth0", "lo"]);
});

test("an interface that cannot be joined fails the start with its name, kind and rule, and leaves nothing", async () => {
  await ip(
    pod,
    "link add eth9 type veth peer name peer9",
    "link set eth9 up",
    "link add eth0 link eth9 type macvlan",
    "addr add 10.88.0.2/16 dev eth0",
  );
  const id = nextId();
  const container = await host().prepare(id, { args: ["true"], spec: network(pod.path) });
  const error = await errorOf(container.create());
  expect(error.message).toBe('Interface "eth0" of kind macvlan cannot be used: macvlan interfaces are not supported');
  expect(error).toMatchObject({ code: "unimplemented", stage: "join-network", field: "linux.namespaces" });
  await expectUntouched(pod, ["eth0", "eth9", "lo", "peer9"]);
  await container.task.shutdown({ id, now: false });
  await container.client.closed;
});

import { expect, type TestContext, test } from "../../../test/native/runner.ts";
import { Logger } from "../../base/logger.ts";
import { NetlinkSocket } from "../../sys/netlink-socket.ts";
import { RtnetlinkClient } from "../../wire/netlink/client.ts";
import { type UndoOperation, undo } from "../undo.ts";
import { UndoStack } from "../undo-stack.ts";
import { planEndpoints } from "./endpoint.ts";
import type { NetworkModel } from "./model.ts";
import { createNetns, inNetns, type PodNetns } from "./netns.ts";
import { HostPodNetwork } from "./pod-network.ts";

/** A pod's network namespace with eth0, whose other end is in there too, and what a sandbox does with it. */
async function pod(context: TestContext) {
  const { sys, loop, cleanup } = context;
  const fd = createNetns(sys);
  cleanup(() => sys.close(fd));
  const transport = inNetns(sys, fd, () => new NetlinkSocket({ sys }));
  cleanup(() => transport.close());
  const net = new RtnetlinkClient({ transport });
  await net.createLink("eth0", "veth", { mtu: 1450, address: "02:00:00:00:00:02" });
  for (const { index } of await net.links()) await net.setLink(index, { up: true });
  const eth0 = (await net.findLink("eth0"))?.index ?? -1;
  await net.addAddress({ linkIndex: eth0, address: "10.0.0.2", prefixLength: 24 });
  const deps = { sys, clock: loop, logger: new Logger({ sink: () => {}, wallMs: () => 0 }, { level: "error" }) };
  /** What is on disk at any moment. */
  const disk: { operations: readonly UndoOperation[] } = { operations: [] };
  const stack = new UndoStack(deps, {
    persist: (operations) => {
      disk.operations = operations;
    },
  });
  const path = `/proc/${sys.pid()}/fd/${fd}`;
  const network = (
    netns: Exclude<PodNetns, { kind: "host" }> = { kind: "path", path },
    model: NetworkModel = "tcfilter",
  ) => new HostPodNetwork({ sys, clock: loop, undo: stack }, netns, model);
  const names = async () => (await net.links()).map(({ name }) => name).sort();
  const replay = async () => {
    for (const operation of [...disk.operations].reverse()) await undo(deps, operation);
  };
  return { net, eth0, path, network, names, disk, stack, replay };
}

const failure = (work: Promise<unknown>): Promise<{ code: string; texts: string }> =>
  work.then(
    () => ({ code: "none", texts: "" }),
    (error: { code: string; message: string; cause?: { message?: string } }) => ({
      code: error.code,
      texts: `${error.message}: ${error.cause?.message}`,
    }),
  );

test(
  "a pod's interface is joined to a tap and let go again",
  async (context) => {
    const { sys } = context;
    const { net, eth0, network, names, disk, replay } = await pod(context);
    const before = await names();
    const open = network();
    const facts = await open.scan();
    const [endpoint] = planEndpoints(facts).endpoints;
    if (endpoint === undefined) throw new Error("no endpoint");
    expect(endpoint).toMatchObject({ name: "eth0", kind: "veth", linkIndex: eth0, mtu: 1450 });
    const { descriptors } = await open.join(endpoint, { number: 3, queues: 2 });
    expect(descriptors.length).toBe(2);
    const tap = await net.findLink("tap3_kata");
    expect(tap).toMatchObject({ mtu: 1450, kind: "tun" });
    expect(await net.ingressLinks()).toEqual([eth0, tap?.index ?? -1]);
    expect(disk.operations).toMatchObject([{ kind: "unjoin-link", link: "eth0", tap: "tap3_kata" }]);
    // A crash: another process replays the list, while the VMM still has the descriptors; and once more, which does no harm.
    for (let time = 0; time < 2; time++) await replay();
    expect(await net.ingressLinks()).toEqual([]);
    expect(await names()).toEqual(before);
    for (const fd of descriptors) sys.close(fd);
  },
  { needsRoot: true },
);

test(
  "the tap goes with its descriptors, and what another VM uses is refused and stays",
  async (context) => {
    const { sys } = context;
    const { net, eth0, network, names, disk } = await pod(context);
    const [endpoint] = planEndpoints(await network().scan()).endpoints;
    if (endpoint === undefined) throw new Error("no endpoint");
    const first = await network().join(endpoint, { number: 0, queues: 1 });
    const tap = (await net.findLink("tap0_kata"))?.index ?? -1;
    // The same tap, and another tap on the same interface.
    const same = await failure(network().join(endpoint, { number: 0, queues: 1 }));
    expect(same).toEqual({
      code: "failed-precondition",
      texts:
        "Cannot join interface eth0 of the pod to the VM: The network namespace serves another VM, which has its tap0_kata",
    });
    const other = await failure(network().join(endpoint, { number: 1, queues: 1 }));
    expect(other).toMatchObject({
      code: "failed-precondition",
      texts:
        "Cannot join interface eth0 of the pod to the VM: Interface eth0 has an ingress qdisc already: another VM or program uses its packets",
    });
    expect(await net.ingressLinks()).toEqual([eth0, tap]);
    expect(disk.operations.length).toBe(1);
    for (const fd of first.descriptors) sys.close(fd);
    expect((await names()).filter((name) => name.startsWith("tap"))).toEqual([]);
    await first.release();
    expect(await net.ingressLinks()).toEqual([]);
    expect(disk.operations).toEqual([]);
  },
  { needsRoot: true },
);

test(
  "an undo is of one namespace: one that is gone, or another one in its place, is left alone",
  async (context) => {
    const { net, eth0, network, disk, replay, stack } = await pod(context);
    const [endpoint] = planEndpoints(await network().scan()).endpoints;
    if (endpoint === undefined) throw new Error("no endpoint");
    const { descriptors } = await network().join(endpoint, { number: 0, queues: 1 });
    for (const fd of descriptors) context.sys.close(fd);
    const [operation] = disk.operations;
    if (operation?.kind !== "unjoin-link") throw new Error("no undo");
    for (const changed of [
      { ...operation, inode: "1" },
      { ...operation, netns: "/run/netns/gone" },
      { ...operation, netns: `${operation.netns}/below` },
      { ...operation, netns: "/proc/self/ns/mnt" },
      { ...operation, index: eth0 + 1000 },
      { ...operation, index: 0, link: "eth7" },
    ]) {
      disk.operations = [changed];
      await replay();
      expect(await net.ingressLinks()).toEqual([eth0]);
    }
    expect(await stack.unwind()).toEqual([]);
    expect(await net.ingressLinks()).toEqual([]);
  },
  { needsRoot: true },
);

test(
  "the model none makes a tap and touches nothing else",
  async (context) => {
    const { net, network, disk, path } = await pod(context);
    const open = network({ kind: "path", path }, "none");
    const [endpoint] = planEndpoints(await open.scan()).endpoints;
    if (endpoint === undefined) throw new Error("no endpoint");
    const { descriptors } = await open.join(endpoint, { number: 0, queues: 1 });
    expect(await net.findLink("tap0_kata")).toMatchObject({ mtu: 1450 });
    expect([await net.ingressLinks(), disk.operations]).toEqual([[], []]);
    for (const fd of descriptors) context.sys.close(fd);
  },
  { needsRoot: true },
);

test(
  "a new namespace belongs to the process that is in it",
  async (context) => {
    const { sys } = context;
    const { network } = await pod(context);
    const open = network({ kind: "new" });
    expect((await open.scan()).links.map(({ name }) => name)).toEqual(["lo"]);
    const home = sys.readLink("/proc/self/ns/net");
    const child = sys.spawn({ path: "/bin/sleep", argv: ["sleep", "1000"], env: [], netns: open.path });
    const ended = context.loop.exited(child);
    expect(sys.readLink(`/proc/${child}/ns/net`)).not.toBe(home);
    expect(sys.readLink("/proc/self/ns/net")).toBe(home);
    expect(open.mayHaveLinks()).toBe(false);
    open.handOver(child);
    expect(open.mayHaveLinks()).toBe(false);
    const inside = sys.open(open.path);
    const tap = inNetns(sys, inside, () => sys.openTap("eth0"));
    sys.close(inside);
    expect(open.mayHaveLinks()).toBe(true);
    sys.close(tap);
    expect(open.mayHaveLinks()).toBe(false);
    expect(open.path).toBe(`/proc/${child}/ns/net`);
    expect((await open.scan()).links.map(({ name }) => name)).toEqual(["lo"]);
    sys.kill(child, 9);
    await ended;
    expect((await failure(open.scan())).code).toBe("not-found");
    open.handOver(undefined);
  },
  { needsRoot: true },
);

test(
  "what is no network namespace is refused by its path",
  async (context) => {
    const { network } = await pod(context);
    for (const path of ["/proc/self/ns/mnt", "/etc/passwd", "/nothing/here"]) {
      const { texts } = await failure(network({ kind: "path", path }).scan());
      expect(texts).toContain(`Cannot use the pod's network namespace ${path}`);
    }
    const { sys } = context;
    const fifo = `${context.tempDir()}/fifo`;
    sys.mkfifo(fifo, 0o600);
    expect((await failure(network({ kind: "path", path: fifo }).scan())).code).toBe("invalid-argument");
  },
  { needsRoot: true },
);

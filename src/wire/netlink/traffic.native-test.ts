import { runToEnd } from "../../../test/native/process.ts";
import { expect, type TestContext, test } from "../../../test/native/runner.ts";
import { NetlinkSocket } from "../../sys/netlink-socket.ts";
import { RtnetlinkClient } from "./client.ts";

/** A network namespace of the test's own, with one end of a veth pair named `pod` and a tap named `tap0_kata`, all up. */
async function twoLinks(context: TestContext) {
  const { sys, cleanup } = context;
  const home = sys.open("/proc/self/ns/net");
  cleanup(() => sys.close(home));
  sys.unshare(["net"]);
  cleanup(() => sys.enterNamespace(home, "net"));
  const transport = new NetlinkSocket({ sys });
  cleanup(() => transport.close());
  const net = new RtnetlinkClient({ transport });
  const tapFd = sys.openTap("tap0_kata");
  cleanup(() => sys.close(tapFd));
  await net.createLink("pod", "veth");
  const links = await net.links();
  for (const { index } of links) await net.setLink(index, { up: true });
  const pod = links.find(({ name }) => name === "pod")?.index ?? -1;
  const tap = links.find(({ name }) => name === "tap0_kata")?.index ?? -1;
  const peer = links.find(({ index, kind }) => kind === "veth" && index !== pod)?.index ?? -1;
  return { net, pod, tap, tapFd, peer };
}

const tc = async (context: TestContext, ...args: string[]) =>
  (await runToEnd(context, { path: "/usr/sbin/tc", argv: ["tc", ...args], env: [] })).output;

test(
  "rtnetlink: what comes in over one link leaves over the other",
  async (context) => {
    const { net, pod, tap, tapFd, peer } = await twoLinks(context);
    for (const index of [pod, tap]) await net.addIngress(index);
    await net.redirectIngress(pod, tap);
    await net.redirectIngress(tap, pod);
    expect(await tc(context, "qdisc", "show", "dev", "pod", "ingress")).toContain(
      "qdisc ingress ffff: parent ffff:fff1",
    );
    const shown = await tc(context, "filter", "show", "dev", "pod", "ingress");
    expect(shown).toContain("protocol all pref 1 u32");
    expect(shown).toContain("match 00000000/00000000 at 0");
    expect(shown).toContain("mirred (Egress Redirect to device tap0_kata) stolen");

    // A multicast frame of the peer: the neighbour solicitation that its new address causes.
    const received = new Uint8Array(2048);
    while (context.sys.read(tapFd, received) > 0);
    await net.addAddress({ linkIndex: peer, address: "fd00::1", prefixLength: 64 });
    const frames: string[] = [];
    await until(context, () => {
      const length = context.sys.read(tapFd, received);
      if (length > 0) frames.push(hex(received.subarray(0, length)));
      return frames.some((frame) => frame.includes(`fd${"00".repeat(14)}01`));
    });

    // The other way: frames of the guest, behind empty virtio headers. Many, for the kernel sends one of its own now and then.
    const before = await packetsIn(context, net, peer);
    const frame = new Uint8Array(10 + 60);
    frame.fill(0xff, 10, 16);
    for (let i = 0; i < 50; i++) context.sys.write(tapFd, frame);
    await until(context, async () => (await packetsIn(context, net, peer)) >= before + 50);
  },
  { needsRoot: true },
);

test(
  "rtnetlink: an ingress qdisc is there once, and takes its filters along",
  async (context) => {
    const { net, pod, tap } = await twoLinks(context);
    const code = (work: Promise<void>) =>
      work.then(
        () => "done",
        (error: { code: string }) => error.code,
      );
    expect(await code(net.redirectIngress(pod, tap))).toBe("invalid-argument");
    expect(await net.ingressLinks()).toEqual([]);
    await net.addIngress(pod);
    expect(await net.ingressLinks()).toEqual([pod]);
    expect(await code(net.addIngress(pod))).toBe("already-exists");
    await net.redirectIngress(pod, tap);
    await net.deleteIngress(pod);
    expect(await tc(context, "filter", "show", "dev", "pod", "ingress")).toBe("");
    expect(await code(net.deleteIngress(pod))).toBe("invalid-argument");
    expect(await code(net.deleteIngress(4711))).toBe("not-found");
  },
  { needsRoot: true },
);

async function until({ sys, loop }: TestContext, holds: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = sys.nowMs() + 8000;
  while (!(await holds())) {
    if (sys.nowMs() > giveUpAt) throw new Error("It did not come true");
    await new Promise<void>((resolve) => loop.setTimer(5, resolve));
  }
}

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Packets that a link has received, as /proc/net/dev counts them. */
async function packetsIn({ sys }: TestContext, net: RtnetlinkClient, index: number): Promise<number> {
  const name = (await net.links()).find((link) => link.index === index)?.name;
  const lines = sys.readText("/proc/self/net/dev").split("\n");
  const counters = lines.find((line) => line.trim().startsWith(`${name}:`))?.split(":")[1];
  return Number(counters?.trim().split(/\s+/)[1]);
}

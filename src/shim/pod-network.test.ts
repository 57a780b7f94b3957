import { describe, expect, test } from "vitest";
import { causeChain, KataError } from "../base/error.ts";
import { FakeShim, minimalSpec } from "./testing/fake-shim.ts";

const web = { id: "web", execId: "" };

const inNetwork = (path: string | undefined, more: object = {}) => ({
  ...minimalSpec,
  linux: { namespaces: [{ type: "network", ...(path === undefined ? {} : { path }) }] },
  ...more,
});
const netns = inNetwork("/run/netns/pod");

async function end(shim: FakeShim): Promise<void> {
  await shim.run(shim.service.kill({ ...web, signal: 9, all: true }));
  await shim.run(shim.service.wait(web));
  await shim.run(shim.service.delete(web));
  expect(shim.leftovers()).toEqual([]);
}

const failure = (shim: FakeShim, work: Promise<unknown>): Promise<KataError> =>
  shim.run(work).then(
    () => {
      throw new Error("It should have failed");
    },
    (error: unknown) => KataError.from(error),
  );

describe("interfaces that are there when the VM starts", () => {
  test("become its cards, and the guest is told of them before any container", async () => {
    const shim = new FakeShim();
    const { network, guest } = shim.backends;
    network.addInterface("eth0");
    network.addInterface("net1");
    await shim.started("web", netns);
    const cards = shim.backends.vmSpec?.devices.filter(({ kind }) => kind === "network");
    expect(cards).toMatchObject([
      { id: "nic0", mac: "02:00:00:00:00:02", queues: 1 },
      { id: "nic1", mac: "02:00:00:00:00:03", queues: 1 },
    ]);
    expect(shim.backends.vmSpec).toMatchObject({ netns: "/run/netns/pod", hotplugPorts: 0 });
    expect(guest.interfaces.map(({ name, hwAddr, mtu }) => [name, hwAddr, mtu])).toEqual([
      ["eth0", "02:00:00:00:00:02", 1450n],
      ["net1", "02:00:00:00:00:03", 1450n],
    ]);
    expect(guest.routes.map(({ gateway, device }) => [gateway, device])).toEqual([
      ["10.0.2.1", "eth0"],
      ["10.0.3.1", "net1"],
    ]);
    const calls = guest.calls.filter((name) => /^(update|createContainer)/.test(name));
    expect(calls).toEqual(["updateInterface", "updateInterface", "updateRoutes", "createContainer"]);
    // Nothing is looked for any more.
    const { scans } = network;
    await shim.loop.advance(6000);
    expect(network.scans).toBe(scans);
    await end(shim);
  });

  test("have as many queues as the VM has CPUs, up to eight", async () => {
    for (const [cpus, queues] of [
      [3, 3],
      [12, 8],
    ] as const) {
      const shim = new FakeShim();
      Object.assign(shim.sys, { cpuCount: () => 16 });
      shim.sys.fake.addFile(
        "/etc/kata.toml",
        shim.sys
          .readText("/etc/kata.toml")
          .replace("default_memory", `default_vcpus = ${cpus}\ndefault_maxvcpus = 16\ndefault_memory`),
      );
      shim.backends.network.addInterface("eth0");
      await shim.started("web", netns);
      const card = shim.backends.vmSpec?.devices.find(({ kind }) => kind === "network");
      expect(card).toMatchObject({ queues, tapDescriptors: { length: queues } });
      await end(shim);
    }
  });

  test("are waited for when the guest's driver is late, for ten seconds", async () => {
    for (const waitMs of [3000, 20_000]) {
      const shim = new FakeShim();
      shim.backends.network.addInterface("eth0");
      shim.guest.fail("updateInterface", new KataError("not-found", 'Link not found (Address: "02:00:00:00:00:02")'));
      shim.loop.setTimer(waitMs, () => shim.guest.recover("updateInterface"));
      const created = shim.service.create(shim.bundle("web", netns));
      if (waitMs > 10_000) {
        expect(await failure(shim, created)).toMatchObject({
          code: "not-found",
          stage: "join-network",
          message: "The guest does not find the card of interface eth0",
          hint: "The guest's kernel needs the virtio_net driver",
        });
        expect(shim.leftovers()).toEqual([]);
      } else {
        await shim.run(created);
        await end(shim);
      }
    }
  });

  test("fail the start with the guest's reason", async () => {
    const shim = new FakeShim();
    shim.backends.network.addInterface("eth0");
    shim.guest.fail("updateRoutes", new KataError("invalid-argument", "no such gateway"));
    const error = await failure(shim, shim.service.create(shim.bundle("web", netns)));
    expect(error).toMatchObject({ code: "invalid-argument", stage: "join-network" });
    expect(causeChain(error).join(": ")).toContain("no such gateway");
    expect(shim.leftovers()).toEqual([]);
  });

  test("that cannot be joined leave nothing", async () => {
    const shim = new FakeShim();
    shim.backends.network.addInterface("eth0");
    shim.backends.network.join = () => Promise.reject(new KataError("failed-precondition", "in use"));
    const error = await failure(shim, shim.service.create(shim.bundle("web", netns)));
    expect(error).toMatchObject({ message: "in use", stage: "join-network" });
    expect(shim.leftovers()).toEqual([]);
  });
});

test("neighbours are given to agents that take them", async () => {
  for (const taken of [true, false]) {
    const shim = new FakeShim();
    const { network, guest } = shim.backends;
    network.addInterface("eth0");
    const entry = { linkIndex: 2, address: "10.0.2.9", linkAddress: "02:00:00:00:00:09", state: 0x80, flags: 0 };
    network.facts = { ...network.facts, neighbors: [entry] };
    if (!taken) guest.fail("addARPNeighbors", new KataError("unimplemented", "no such method"));
    await shim.started("web", netns);
    expect(guest.neighbors.map(({ lladdr }) => lladdr)).toEqual(taken ? ["02:00:00:00:00:09"] : []);
    await end(shim);
  }
});

test("the host's network is nobody's: the VM gets no card, and nothing is looked for", async () => {
  const shim = new FakeShim();
  shim.backends.network.addInterface("eth0");
  await shim.started("web");
  expect(shim.backends.vmSpec).toMatchObject({ netns: undefined, hotplugPorts: 0 });
  expect(shim.backends.network.scans).toBe(0);
  await end(shim);
});

test("disable_new_netns leaves the VMM in the host's network", async () => {
  const shim = new FakeShim();
  const configuration = shim.sys.readText("/etc/kata.toml");
  shim.sys.fake.addFile("/etc/kata.toml", `${configuration}disable_new_netns = true\ninternetworking_model = "none"\n`);
  shim.backends.network.addInterface("eth0");
  await shim.started("web", netns);
  expect(shim.backends.vmSpec).toMatchObject({ netns: undefined, devices: [{ kind: "share" }] });
  expect(shim.backends.network.scans).toBe(0);
  await end(shim);
});

describe("interfaces that come after the VM's start", () => {
  test("between create and start are plugged in before the program runs", async () => {
    const shim = new FakeShim();
    const { network, guest, plugged } = shim.backends;
    await shim.run(shim.service.create(shim.bundle("web", inNetwork(undefined))));
    expect(shim.backends.vmSpec).toMatchObject({ hotplugPorts: 4, devices: [{ kind: "share" }] });
    expect(network.path).toBe(`/proc/${shim.backends.vmPid}/ns/net`);
    network.addInterface("eth0");
    await shim.run(shim.service.start(web));
    expect(plugged).toMatchObject([{ kind: "network", id: "nic0", mac: "02:00:00:00:00:02", queues: 1 }]);
    expect(guest.calls.indexOf("updateRoutes")).toBeLessThan(guest.calls.indexOf("startContainer"));
    await end(shim);
  });

  test.each(["prestart", "createRuntime"])(
    "made by a hook (%s) are plugged in before the container is made",
    async (point) => {
      const shim = new FakeShim();
      const { network, guest, plugged } = shim.backends;
      network.addInterface("eth0");
      const runHooks = shim.backends.runHooks.bind(shim.backends);
      shim.backends.runHooks = async (...args) => {
        network.addInterface("eth1");
        await runHooks(...args);
      };
      const spec = { ...netns, hooks: { [point]: [{ path: "/bin/cni" }] } };
      await shim.run(shim.service.create(shim.bundle("web", spec)));
      expect(plugged).toMatchObject([{ id: "nic1", mac: "02:00:00:00:00:03" }]);
      expect(guest.interfaces.map(({ name }) => name)).toEqual(["eth0", "eth0", "eth1"]);
      expect(guest.calls.lastIndexOf("updateRoutes")).toBeLessThan(guest.calls.indexOf("createContainer"));
      await end(shim);
    },
  );

  test("soon after the start are found, later ones are not", async () => {
    for (const [afterMs, found] of [
      [1000, 1],
      [6000, 0],
    ] as const) {
      const shim = new FakeShim();
      await shim.started("web", inNetwork(undefined));
      await shim.loop.advance(afterMs);
      shim.backends.network.addInterface("eth0");
      await shim.loop.advance(6000);
      expect(shim.backends.plugged).toHaveLength(found);
      await end(shim);
    }
  });

  test("are told once: the guest hears again only of what changed", async () => {
    const shim = new FakeShim();
    const { network, guest } = shim.backends;
    network.addInterface("eth0");
    const spec = { ...netns, hooks: { createRuntime: [{ path: "/bin/cni" }] } };
    await shim.started("web", spec);
    expect(guest.interfaces).toHaveLength(1);
    await end(shim);
  });

  test("fail the start with a clear reason where the VM takes no cards any more", async () => {
    const shim = new FakeShim();
    shim.backends.hotplug = [];
    await shim.run(shim.service.create(shim.bundle("web", inNetwork(undefined))));
    shim.backends.network.addInterface("eth0");
    expect(await failure(shim, shim.service.start(web))).toMatchObject({
      code: "failed-precondition",
      stage: "join-network",
      message: "Interface eth0 came after the VM's start, and this fake takes no network cards while it runs",
    });
    expect(shim.backends.network.joined).toEqual([]);
    await shim.run(shim.service.delete(web));
    expect(shim.leftovers()).toEqual([]);
  });

  test("that cannot be plugged in are left as they were", async () => {
    const shim = new FakeShim();
    const { network } = shim.backends;
    await shim.run(shim.service.create(shim.bundle("web", inNetwork(undefined))));
    network.addInterface("eth0");
    shim.backends.plugFailure = new KataError("unavailable", "no port");
    expect(await failure(shim, shim.service.start(web))).toMatchObject({ message: "no port" });
    expect(network.joined).toEqual([]);
    await shim.run(shim.service.delete(web));
    expect(shim.leftovers()).toEqual([]);
  });
});

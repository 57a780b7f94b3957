import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AddARPNeighborsRequest, UpdateInterfaceRequest, UpdateRoutesRequest } from "../../src/wire/gen/agent/agent.ts";
import { container, runContainer, sandbox } from "../support/agent-requests.ts";
import { makeBusyboxRootfs } from "../support/busybox-rootfs.ts";
import { type AgentConnection, GuestVm, until } from "../support/guest-vm.ts";

const MAC = "02:00:00:00:00:11";

let share: string;
let vm: GuestVm;
let connection: AgentConnection;

beforeAll(async () => {
  share = mkdtempSync(join(tmpdir(), "kata-net-"));
  makeBusyboxRootfs(join(share, "rootfs"));
  vm = await GuestVm.start({
    share: { dir: share, tag: "kataShared" },
    cpus: 1,
    qemuArgs: [
      ...["-netdev", "user,id=n0,net=10.0.2.0/24,ipv6=off", "-device", `virtio-net-pci,netdev=n0,mac=${MAC},addr=0x10`],
      ...["-netdev", "hubport,id=n1,hubid=1", "-device", "virtio-net-pci,netdev=n1,mac=02:00:00:00:00:22"],
    ],
  });
  connection = await vm.connect();
});

afterAll(async () => {
  await vm?.destroy();
  rmSync(share, { recursive: true, force: true });
});

const failure = (result: Promise<unknown>) =>
  result.then(
    () => undefined,
    (error: { code: string; message: string }) => ({ code: error.code, message: error.message }),
  );

const update = (fields: object) =>
  connection.agent.updateInterface(UpdateInterfaceRequest.create({ interface: fields }));
const routes = (list: readonly object[]) =>
  connection.agent.updateRoutes(UpdateRoutesRequest.create({ routes: { Routes: list } }));

describe("before the sandbox", () => {
  test("an interface gets its name, MTU and addresses by its hardware address", async () => {
    await until(
      async () => (await connection.agent.listInterfaces({})).Interfaces.some(({ hwAddr }) => hwAddr === MAC),
      5000,
      "the NIC",
    );
    const IPAddresses = [
      { family: 0, address: "10.0.2.15", mask: "24" },
      { family: 1, address: "fd00::15", mask: "64" },
    ];
    await update({ device: "eth7", name: "eth7", hwAddr: MAC, mtu: 1400n, IPAddresses });
    const { Interfaces } = await connection.agent.listInterfaces({});
    const link = Interfaces.find(({ name }) => name === "eth7");
    expect(link).toMatchObject({ hwAddr: MAC, mtu: 1400n });
    expect(link?.IPAddresses).toEqual(expect.arrayContaining(IPAddresses));
    expect(Interfaces.find(({ name }) => name === "lo")?.IPAddresses).toContainEqual({
      family: 0,
      address: "127.0.0.1",
      mask: "8",
    });
  });

  test("a second update replaces the addresses and takes a name that is in use", async () => {
    const { Interfaces } = await connection.agent.listInterfaces({});
    const other = Interfaces.find(({ hwAddr }) => hwAddr === "02:00:00:00:00:22")?.name ?? "";
    await update({
      name: other,
      hwAddr: MAC.toUpperCase(),
      mtu: 1500n,
      IPAddresses: [{ family: 0, address: "10.0.2.16", mask: "24" }],
    });
    await update({
      name: "eth0",
      hwAddr: MAC,
      mtu: 1500n,
      IPAddresses: [{ family: 0, address: "10.0.2.15", mask: "24" }],
    });
    const after = (await connection.agent.listInterfaces({})).Interfaces;
    const link = after.find(({ hwAddr }) => hwAddr === MAC);
    expect(link?.name).toBe("eth0");
    expect(link?.IPAddresses.filter(({ family }) => family === 0)).toEqual([
      { family: 0, address: "10.0.2.15", mask: "24" },
    ]);
  });

  test("an interface may be named by its PCI path", async () => {
    await update({ name: "eth5", devicePath: "10", mtu: 1500n });
    const byPath = (await connection.agent.listInterfaces({})).Interfaces.find(({ hwAddr }) => hwAddr === MAC);
    expect(byPath?.name).toBe("eth5");
    await update({
      name: "eth0",
      hwAddr: MAC,
      mtu: 1500n,
      IPAddresses: [{ family: 0, address: "10.0.2.15", mask: "24" }],
    });
  });

  test("an interface that is not there yet is the error at which hosts try again", async () => {
    expect(await failure(update({ name: "eth9", hwAddr: "02:00:00:00:00:99" }))).toEqual({
      code: "not-found",
      message: 'Link not found (Address: "02:00:00:00:00:99")',
    });
  });

  test.each([
    [{ name: "a-name-that-is-too-long", hwAddr: MAC }, "invalid-argument"],
    [{ name: "a/b", hwAddr: MAC }, "invalid-argument"],
    [{ name: "eth0", hwAddr: MAC, IPAddresses: [{ address: "10.0.2.999", mask: "24" }] }, "invalid-argument"],
    [{ name: "eth0", hwAddr: MAC, IPAddresses: [{ address: "10.0.2.1", mask: "33" }] }, "invalid-argument"],
    [{ name: "eth0", hwAddr: MAC, mtu: 1n << 40n }, "invalid-argument"],
  ])("interface %#  is refused", async (fields, code) => {
    expect(await failure(update(fields))).toMatchObject({ code });
    const { Interfaces } = await connection.agent.listInterfaces({});
    expect(Interfaces.find(({ hwAddr }) => hwAddr === MAC)?.IPAddresses).toContainEqual({
      family: 0,
      address: "10.0.2.15",
      mask: "24",
    });
  });

  test("routes are replaced, gateways after the links they need", async () => {
    const wanted = [
      { dest: "", gateway: "10.0.2.2", device: "eth0" },
      { dest: "192.168.0.0/16", gateway: "10.0.2.3", device: "eth0" },
      { dest: "10.9.0.0/16", gateway: "", device: "eth0", scope: 253 },
    ];
    const { Routes } = await routes(wanted);
    expect(Routes.filter(({ family }) => family === 0).map(({ dest, gateway }) => [dest, gateway])).toEqual(
      expect.arrayContaining([
        ["", "10.0.2.2"],
        ["192.168.0.0/16", "10.0.2.3"],
        ["10.9.0.0/16", ""],
        ["10.0.2.0/24", ""],
      ]),
    );
    const again = await routes(wanted.slice(0, 1));
    expect(
      again.Routes.filter(({ family }) => family === 0)
        .map(({ dest }) => dest)
        .sort(),
    ).toEqual(["", "10.0.2.0/24"]);
    expect((await connection.agent.listRoutes({})).Routes).toEqual(again.Routes);
  });

  test("bad routes are refused, the good ones stay", async () => {
    expect(await failure(routes([{ dest: "10.0.0.0/99", device: "eth0" }]))).toMatchObject({
      code: "invalid-argument",
    });
    expect(await failure(routes([{ dest: "10.0.0.0/8", device: "none0" }]))).toMatchObject({ code: "not-found" });
    expect(
      await failure(routes(Array.from({ length: 5000 }, () => ({ dest: "10.1.1.1/32", device: "eth0" })))),
    ).toMatchObject({ code: "invalid-argument" });
    expect((await connection.agent.listRoutes({})).Routes.map(({ dest }) => dest)).toContain("");
  });

  test("neighbours are added", async () => {
    const neighbor = (fields: object) =>
      connection.agent.addARPNeighbors(
        AddARPNeighborsRequest.create({
          neighbors: { ARPNeighbors: [{ device: "eth0", lladdr: "02:00:00:00:00:77", state: 128, ...fields }] },
        }),
      );
    await neighbor({ toIPAddress: { family: 0, address: "10.0.2.77", mask: "" } });
    expect(await failure(neighbor({ toIPAddress: { address: "nonsense" } }))).toMatchObject({
      code: "invalid-argument",
    });
    expect(await failure(neighbor({ toIPAddress: { address: "10.0.2.78" }, device: "none0" }))).toMatchObject({
      code: "not-found",
    });
  });
});

describe("in a container", () => {
  test("the network is the guest's and works", async () => {
    await connection.agent.createSandbox(sandbox());
    const script =
      "ip -o -4 addr show eth0 | awk '{print $4}'; ip route | head -1; cat /proc/net/arp | grep 10.0.2.77 | awk '{print $4}'; ping -c 1 -w 3 10.0.2.2 | grep received; ping -c 1 -w 3 127.0.0.1 | grep received";
    const fields = {
      process: { Capabilities: { Bounding: ["CAP_NET_RAW"], Effective: ["CAP_NET_RAW"], Permitted: ["CAP_NET_RAW"] } },
    };
    const { stdout } = await runContainer(connection, container("net1", ["sh", "-c", script], fields));
    expect(stdout.split("\n")).toEqual([
      "10.0.2.15/24",
      "default via 10.0.2.2 dev eth0 ",
      "02:00:00:00:00:77",
      "1 packets transmitted, 1 packets received, 0% packet loss",
      "1 packets transmitted, 1 packets received, 0% packet loss",
      "",
    ]);
  });

  test("traffic is counted", async () => {
    await connection.agent.createContainer(container("net2", ["sleep", "100"]));
    const { networkStats } = await connection.agent.statsContainer({ containerId: "net2" });
    expect(networkStats.find(({ name }) => name === "eth0")?.rxPackets).toBeGreaterThan(0n);
    await connection.agent.removeContainer({ containerId: "net2", timeout: 0 });
  });
});

import { expect, test } from "../../../test/native/runner.ts";
import { sleep } from "../../base/clock.ts";
import { causeChain } from "../../base/error.ts";
import { linux } from "../../sys/linux.ts";
import { booted, rejection } from "../testing/booted-vm.ts";
import { noVm, testVm } from "../testing/vm-fixture.ts";

const vmTest = { skip: noVm(linux), timeoutMs: 120_000 };

test(
  "QemuHypervisor plugs disks in and out",
  async (context) => {
    const { sys } = context;
    const { vm, connection, directory } = await booted(context, "pcie_root_port = 1");
    expect(vm.features.hotplug).toEqual(["block", "network"]);
    const path = `${directory}/disk.img`;
    const fd = sys.open(path, { write: true, create: true });
    sys.truncate(fd, 1 << 20);
    sys.close(fd);
    const disk = { kind: "block", id: "disk0", path, readOnly: false, format: "raw" } as const;
    expect(await vm.hotplugAddDevice(disk)).toEqual({ driver: "blk", source: "02/00" });
    const full = await rejection(vm.hotplugAddDevice({ ...disk, id: "disk1" }));
    expect(full.code).toBe("resource-exhausted");
    expect(full.message).toBe(`Every PCIe port of the VM is taken: ${path}, which would be disk1`);
    expect(full.hint).toContain("pcie_root_port = 2");
    await sleep(context.loop, 300);
    await vm.hotplugRemoveDevice("disk0");
    expect((await rejection(vm.hotplugAddDevice({ ...disk, path: "/no/disk" }))).message).toBe(
      "Cannot plug in /no/disk as disk0",
    );
    await vm.hotplugAddDevice(disk);
    expect((await connection.health.check({ service: "" }, { timeoutMs: 5000 })).status).toBe(1);
    await vm.stopVm();
  },
  vmTest,
);

test(
  "QemuHypervisor plugs network cards in and out, and takes back what fails half-way",
  async (context) => {
    const { sys, loop, cleanup } = context;
    // Taps of other tests have the same names.
    const home = sys.open("/proc/self/ns/net");
    cleanup(() => sys.close(home));
    sys.unshare(["net"]);
    cleanup(() => sys.enterNamespace(home, "net"));
    const { vm, connection } = await booted(context, "", { hotplugPorts: 2 });
    const openTap = (name: string, multiQueue = false) => sys.openTap(name, { multiQueue });
    const single = openTap("kata-hp0");
    const pair = [openTap("kata-hp1", true), openTap("kata-hp1", true)];
    const nic = { kind: "network", id: "net0", mac: "02:00:00:00:00:51", queues: 1, tapDescriptors: [single] } as const;

    const addresses = async () => {
      const { Interfaces } = await connection.agent.listInterfaces({}, { timeoutMs: 5000 });
      return Interfaces.map(({ hwAddr }) => hwAddr);
    };
    const until = async (condition: () => Promise<boolean>) => {
      const giveUpAt = loop.nowMs() + 30_000;
      while (!(await condition())) {
        if (loop.nowMs() > giveUpAt) throw new Error(`the guest has ${await addresses()}`);
        await sleep(loop, 20);
      }
    };

    // The same name works after each failure: nothing of it is left in QEMU.
    const noTap = await rejection(vm.hotplugAddDevice({ ...nic, tapDescriptors: [0] }));
    expect(noTap.message).toBe("Cannot plug in the network card 02:00:00:00:00:51 as net0");
    expect(causeChain(noTap).join(" | ")).toContain("TUNGETIFF");
    const noMac = await rejection(vm.hotplugAddDevice({ ...nic, mac: "nonsense" }));
    expect(causeChain(noMac).join(" | ")).toContain("device_add");
    expect((await rejection(vm.hotplugAddDevice({ ...nic, queues: 2 }))).field).toBe("tapDescriptors");

    expect(await vm.hotplugAddDevice(nic)).toBe(undefined);
    const second = { ...nic, id: "net1", mac: "02:00:00:00:00:52", queues: 2, tapDescriptors: pair };
    await vm.hotplugAddDevice(second);
    // QEMU has its own copies.
    for (const fd of [single, ...pair]) sys.close(fd);
    await until(async () => {
      const known = await addresses();
      return known.includes(nic.mac) && known.includes(second.mac);
    });
    await vm.hotplugRemoveDevice("net0");
    await until(async () => !(await addresses()).includes(nic.mac));
    expect(await addresses()).toContain(second.mac);

    const again = openTap("kata-hp0");
    await vm.hotplugAddDevice({ ...nic, tapDescriptors: [again] });
    sys.close(again);
    await until(async () => (await addresses()).includes(nic.mac));
    await vm.stopVm();
    expect(sys.readText("/proc/net/dev")).not.toContain("kata-hp");
  },
  { ...vmTest, needsRoot: true },
);

test(
  "QemuHypervisor says what is missing for a device that comes late",
  async (context) => {
    const { vm, spec } = testVm(context);
    await vm.createVm(spec);
    await vm.startVm();
    const nic = { kind: "network", id: "net0", mac: "02:00:00:00:00:51", queues: 1, tapDescriptors: [0] } as const;
    const error = await rejection(vm.hotplugAddDevice(nic));
    expect(error.message).toBe("The VM has no PCIe port for the network card 02:00:00:00:00:51, which would be net0");
    expect(error.field).toBe("hypervisor.qemu.pcie_root_port");
    expect(error.hint).toContain("pcie_root_port = 1");
    await vm.stopVm();
  },
  vmTest,
);

import { type Param, parseParams } from "../../config/kernel-params/param.ts";
import { buildKernelCmdline } from "../kernel-params/cmdline.ts";
import { imageInitParams, kernelDefaults } from "../kernel-params/defaults.ts";
import { kernelRootParams } from "../kernel-params/root.ts";
import type { QemuMachine } from "./machine.ts";

const arch = "amd64";

/** Start-up functions of the kernel that do nothing but test its own ciphers; cryptomgr.notests spares the others. */
const selfTests = ["crypto_kdf108_init", "blake2s_mod_init"];
/**
 * Makes the files of tracefs, a thousand and more, and looks up the name of each function that can be traced: 0.2 s under
 * TCG. Who debugs the guest may want them.
 */
const tracing = ["trace_eval_init", "tracer_init_tracefs", "ftrace_check_for_weak_functions"];

/** The kernel's command line. Throws KataError when it is too long for the kernel, or a word of the user's is malformed. */
export function kernelCommandLine(machine: QemuMachine): string {
  const { machine: defaults, console } = kernelDefaults("qemu", arch, { debug: machine.config.debug });
  return buildKernelCmdline(
    {
      defaults: [...defaults, ...parseParams(machineWords(machine))],
      root: rootParams(machine),
      console,
      agent: parseParams(machine.agentParams),
      user: parseParams(machine.kernelParams),
    },
    { arch, field: "hypervisor.qemu.kernel_params" },
  );
}

/** What makes this machine start fast: nothing is probed that is not there. */
function machineWords({ accelerator, vcpus, config, tscKhz }: QemuMachine): string[] {
  const q35 = config.machineType === "q35";
  return [
    // The port service drivers wait for hardware that is not there; hot-plug goes through ACPI.
    ...(q35 ? ["pci=lastbus=0", "pcie_ports=compat"] : []),
    // An emulated local APIC tells no frequency: measuring it takes 0.1 s. Other CPUs have no other timer, though.
    ...(q35 && accelerator === "tcg" && vcpus === 1 ? ["nolapic_timer"] : []),
    `initcall_blacklist=${[...selfTests, ...(accelerator === "tcg" && !config.debug ? tracing : [])].join(",")}`,
    ...(tscKhz === undefined ? [] : [`tsc_early_khz=${tscKhz}`]),
  ];
}

/** An image is a virtio-blk disk, or an nvdimm that the guest maps; an initrd needs no words. */
function rootParams({ config: { boot } }: QemuMachine): readonly Param[] {
  if (boot.kind === "initrd") return [];
  return [...kernelRootParams({ ...boot, dax: boot.driver === "nvdimm" }), ...imageInitParams];
}

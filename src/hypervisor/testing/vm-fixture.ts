import type { TestContext } from "../../../test/native/runner.ts";
import { Logger, type LogRecord } from "../../base/logger.ts";
import type { RuntimeConfig } from "../../config/runtime-config.ts";
import { configOf } from "../../config/testing/config-of.ts";
import type { Sys } from "../../sys/sys.ts";
import type { VmSpec } from "../hypervisor.ts";
import { type PlanVm, planVm } from "../qemu/plan.ts";
import { QemuHypervisor } from "../qemu/qemu-hypervisor.ts";

/** Where the build leaves the guest; tests run at the top of the repository. */
const guest = "out/guest";

/** Why no real VM can be started here; false when one can. */
export function noVm(sys: Pick<Sys, "exists">): string | false {
  if (!sys.exists(`${guest}/initrd.img`)) return "no guest: run `make build`";
  return sys.exists("/usr/bin/qemu-system-x86_64") ? false : "QEMU is not installed";
}

/** The configuration that a text of `[hypervisor.qemu]` keys and further tables gives, on the built guest. */
export function testConfig(sys: Sys, keys = ""): RuntimeConfig {
  const directory = `${sys.cwd()}/${guest}`;
  const source = `[hypervisor.qemu]\nkernel = "${directory}/vmlinux"\ninitrd = "${directory}/initrd.img"\n`;
  return configOf([source, `[hypervisor.qemu]\n${keys}\n`]);
}

/** A VM of a test, stopped at its end; `directory` holds its sockets and logs. */
export interface TestVm {
  readonly vm: QemuHypervisor;
  readonly spec: VmSpec;
  readonly directory: string;
  readonly records: LogRecord[];
  readonly logger: Logger;
}

/** A driver that is ready for `createVm(spec)`. */
export function testVm(context: TestContext, config?: RuntimeConfig, spec: Partial<VmSpec> = {}): TestVm {
  const { sys, loop } = context;
  const directory = context.tempDir();
  const records: LogRecord[] = [];
  const logger = new Logger(
    { sink: (record) => void records.push(record), wallMs: () => loop.wallMs() },
    { level: "debug" },
  );
  const planQemu: PlanVm = (planned, wanted) => planVm(sys, planned, wanted);
  const vm = new QemuHypervisor({ sys, loop, logger, planQemu }, config ?? testConfig(sys));
  return {
    vm,
    directory,
    records,
    logger,
    spec: {
      sandboxId: "test",
      directory,
      vcpus: 1,
      maxVcpus: 1,
      memoryMib: 256,
      maxMemoryMib: 256,
      kernelParams: [],
      netns: undefined,
      devices: [],
      ...spec,
    },
  };
}

import { type Clock, sleep } from "../../base/clock.ts";
import { KataError } from "../../base/error.ts";
import { version } from "../../base/version.ts";
import { isErrno } from "../../sys/error.ts";
import type { Sys } from "../../sys/sys.ts";
import { invalid } from "../container/rules.ts";
import { listNames } from "../devices/pci-path.ts";
import { storageDrivers } from "../storage/registry.ts";
import type { AgentHandlers } from "./handlers.ts";

const MEMORY_DIR = "/sys/devices/system/memory";
const CPU_DIR = "/sys/devices/system/cpu";
const ONLINE_TRIES = 100;
const ONLINE_PAUSE_MS = 50;
const SEED_LIMIT = 4096;

/** The guest as a machine: details, hotplugged CPUs and memory, clock, randomness. */
export function systemRpcs({ sys, clock }: { readonly sys: Sys; readonly clock: Clock }): AgentHandlers {
  return {
    getGuestDetails(request) {
      return {
        memBlockSizeBytes: request.memBlockSize ? memoryBlockSize(sys) : 0n,
        agentDetails: {
          version,
          initDaemon: sys.pid() === 1,
          deviceHandlers: [],
          storageHandlers: [...storageDrivers.keys()],
          supportsSeccomp: sys.readText("/proc/self/status").includes("\nSeccomp:"),
          // Concurrent ReadStdout, ReadStderr and WriteStdin calls of a process are served in the order they came.
          extraFeatures: ["ordered-streams"],
        },
        supportMemHotplugProbe: request.memHotplugProbe && sys.exists(`${MEMORY_DIR}/probe`),
      };
    },
    async onlineCPUMem({ wait, nbCpus, cpuOnly }) {
      await onlineCpus(sys, clock, nbCpus, wait);
      if (!cpuOnly) onlineMemory(sys);
      return {};
    },
    reseedRandomDev({ data }) {
      if (data.length === 0 || data.length > SEED_LIMIT)
        throw invalid("data", `data must be 1 to ${SEED_LIMIT} bytes, got ${data.length}`);
      sys.addEntropy(data);
      return {};
    },
    setGuestDateTime({ Sec, Usec }) {
      if (Sec < 0n || Usec < 0n || Usec > 999_999n)
        throw invalid("Usec", `Sec must not be negative, Usec must lie from 0 to 999999, got ${Sec} and ${Usec}`);
      sys.setWallClock(Sec, Number(Usec) * 1000);
      return {};
    },
  };
}

function memoryBlockSize(sys: Sys): bigint {
  try {
    return BigInt(`0x${sys.readText(`${MEMORY_DIR}/block_size_bytes`).trim()}`);
  } catch (error) {
    // A kernel without memory hotplug has no blocks.
    if (isErrno(error, "ENOENT")) return 0n;
    throw error;
  }
}

/** Switches offline CPUs on; waits, if asked to, until `wanted` more are on (0: whatever is there). */
async function onlineCpus(sys: Sys, clock: Clock, wanted: number, wait: boolean): Promise<void> {
  let online = 0;
  for (let attempt = 0; ; attempt++) {
    for (const name of listNames(sys, CPU_DIR)) {
      if (/^cpu\d+$/.test(name) && switchOn(sys, `${CPU_DIR}/${name}/online`, "0", "1")) online++;
    }
    if (online >= wanted) return;
    if (!wait || attempt >= ONLINE_TRIES) {
      throw new KataError("deadline-exceeded", `Only ${online} of ${wanted} CPUs came online`, { field: "nb_cpus" });
    }
    await sleep(clock, ONLINE_PAUSE_MS);
  }
}

/** Memory that came by hotplug is made movable, or it could not be taken away again. */
function onlineMemory(sys: Sys): void {
  for (const name of listNames(sys, MEMORY_DIR)) {
    if (/^memory\d+$/.test(name)) switchOn(sys, `${MEMORY_DIR}/${name}/state`, "offline", "online_movable");
  }
}

function switchOn(sys: Sys, file: string, off: string, on: string): boolean {
  try {
    if (sys.readText(file).trim() !== off) return false;
    sys.writeFile(file, on);
    return true;
  } catch (error) {
    // The first CPU has no such file, and a device may just be on its way.
    if (isErrno(error, "ENOENT", "EBUSY", "EAGAIN")) return false;
    throw error;
  }
}

import { KataError } from "../base/error.ts";
import type { Logger } from "../base/logger.ts";
import { isErrno } from "../sys/error.ts";
import type { FilesPort } from "../sys/port/files.ts";
import type { SystemPort } from "../sys/port/system.ts";

/** When a module is loaded without being asked for by name; the contract is guest/README.md, "The module table". */
export type ModuleTrigger =
  | { readonly kind: "bus"; readonly bus: "pci" | "mmio" }
  | { readonly kind: "virtio"; readonly ids: readonly number[] }
  | { readonly kind: "lazy" };

/** One line of the module table. */
export interface ModuleEntry {
  readonly name: string;
  readonly when: ModuleTrigger;
  /** File beside the table; undefined when this kernel has the module built in. */
  readonly file: string | undefined;
  /** Complete and in load order. */
  readonly dependencies: readonly string[];
}

const MODULE_DIR = "/usr/lib/kata/modules";
const TABLE_LIMIT = 64 * 1024;
const VIRTIO_CONSOLE = 3;
const VIRTIO_VSOCK = 19;

/**
 * The table, as text: at boot few of its lines are asked for, and every millisecond counts, so that only these are looked
 * for and parsed.
 */
export class ModuleTable {
  /** Every line has an end before and behind it. */
  private readonly text: string;

  constructor(text: string) {
    this.text = `\n${text.trim()}\n`;
  }

  get empty(): boolean {
    return this.text === "\n\n";
  }

  /** The entry of a module; undefined when the guest does not know it. Throws `invalid-argument` for a malformed line. */
  get(name: string): ModuleEntry | undefined {
    const at = this.text.indexOf(`\n${name} `);
    return at < 0 ? undefined : this.entryAt(at + 1);
  }

  /** The drivers of the buses. */
  busDrivers(): ModuleEntry[] {
    return this.starts(" bus:").map((start) => this.entryAt(start));
  }

  /** The drivers of a virtio device. */
  virtioDrivers(id: number): ModuleEntry[] {
    const { text } = this;
    const wanted = this.starts(" virtio:").filter((start) => {
      const at = text.indexOf(":", start) + 1;
      return text.slice(at, text.indexOf(" ", at)).split(",").includes(String(id));
    });
    return wanted.map((start) => this.entryAt(start));
  }

  /** Where the lines start that have such a trigger. */
  private starts(trigger: string): number[] {
    const starts: number[] = [];
    for (let at = this.text.indexOf(trigger); at >= 0; at = this.text.indexOf(trigger, at + 1)) {
      starts.push(this.text.lastIndexOf("\n", at) + 1);
    }
    return starts;
  }

  private entryAt(start: number): ModuleEntry {
    return parseModuleLine(this.text.slice(start, this.text.indexOf("\n", start)));
  }
}

/** Parses one line of the table; throws `invalid-argument` when it breaks the form. */
export function parseModuleLine(line: string): ModuleEntry {
  const [name = "", when = "", file = "", dependencies, ...rest] = line.split(" ");
  const trigger = parseTrigger(when);
  if (!/^[a-z0-9_]+$/.test(name) || trigger === undefined) throw malformed(line);
  if (file !== "-" && (!file.endsWith(".ko") || file.includes("/"))) throw malformed(line);
  if (dependencies === undefined || rest.length > 0) throw malformed(line);
  return {
    name,
    when: trigger,
    file: file === "-" ? undefined : file,
    dependencies: dependencies === "-" ? [] : dependencies.split(","),
  };
}

function parseTrigger(text: string): ModuleTrigger | undefined {
  if (text === "lazy") return { kind: "lazy" };
  if (text === "bus:pci") return { kind: "bus", bus: "pci" };
  if (text === "bus:mmio") return { kind: "bus", bus: "mmio" };
  const ids = /^virtio:(\d+(?:,\d+)*)$/.exec(text)?.[1];
  return ids === undefined ? undefined : { kind: "virtio", ids: ids.split(",").map(Number) };
}

function malformed(line: string): KataError {
  return new KataError("invalid-argument", `A line of the module table is malformed: ${JSON.stringify(line)}`);
}

/** Loads kernel modules by the guest's module table. Nothing else in the guest does. */
export class Modules {
  private readonly sys: FilesPort & SystemPort;
  private readonly logger: Logger;
  private readonly table: ModuleTable;
  private readonly loaded = new Set<string>();

  constructor(deps: { readonly sys: FilesPort & SystemPort; readonly logger: Logger }, table: ModuleTable) {
    this.sys = deps.sys;
    this.logger = deps.logger;
    this.table = table;
  }

  /** Reads the image's table. In images without one every module counts as built in. */
  static fromImage(deps: { readonly sys: FilesPort & SystemPort; readonly logger: Logger }): Modules {
    let text = "";
    try {
      text = deps.sys.readText(`${MODULE_DIR}/table`, TABLE_LIMIT);
    } catch (error) {
      if (!isErrno(error, "ENOENT", "ENOTDIR")) throw error;
    }
    return new Modules(deps, new ModuleTable(text));
  }

  /** Loads the buses' drivers, then the virtio drivers that lead to the host: console and vsock. */
  loadChannelModules(): void {
    for (const entry of this.table.busDrivers()) {
      if (entry.when.kind === "bus" && this.busPresent(entry.when.bus)) this.tryLoad(entry);
    }
    for (const id of this.virtioDevices()) if (id === VIRTIO_CONSOLE || id === VIRTIO_VSOCK) this.loadForVirtio(id);
  }

  /** Loads drivers for the remaining virtio devices that are there. May wait until the agent serves. */
  loadDeviceModules(): void {
    for (const id of this.virtioDevices()) this.loadForVirtio(id);
  }

  /** Loads the driver for a device that announced itself with this MODALIAS (`virtio:d00000002v00001AF4`). */
  loadForAlias(alias: string): void {
    const id = /^virtio:d([0-9A-Fa-f]{8})v/.exec(alias)?.[1];
    if (id !== undefined) this.loadForVirtio(Number.parseInt(id, 16));
  }

  /**
   * Makes module `name` available. Throws `not-found` when this guest does not have it, and the kernel's error when
   * it refuses. A guest without a table is trusted to have it built in.
   */
  require(name: string, parameters = ""): void {
    if (this.table.empty || this.loaded.has(name)) return;
    const entry = this.table.get(name);
    if (entry === undefined) {
      throw new KataError("not-found", `This guest has no kernel module ${name}`, {
        hint: "Add the module to the guest image or use a storage or device kind that it supports",
      });
    }
    this.load(entry, parameters);
  }

  private load(entry: ModuleEntry, parameters: string): void {
    for (const dependency of entry.dependencies) {
      if (!this.loaded.has(dependency)) this.insert(this.table.get(dependency), "");
    }
    this.insert(entry, parameters);
  }

  private loadForVirtio(id: number): void {
    for (const entry of this.table.virtioDrivers(id)) this.tryLoad(entry);
  }

  /** A driver that cannot be loaded must not stop the boot: whoever needs the device reports its absence. */
  private tryLoad(entry: ModuleEntry): void {
    try {
      this.load(entry, "");
    } catch (error) {
      this.logger.warn("module not loaded", { module: entry.name, error: KataError.from(error) });
    }
  }

  private insert(entry: ModuleEntry | undefined, parameters: string): void {
    if (entry === undefined || this.loaded.has(entry.name)) return;
    if (entry.file !== undefined) {
      const fd = this.sys.open(`${MODULE_DIR}/${entry.file}`);
      try {
        this.sys.loadModule(fd, parameters);
      } catch (error) {
        if (!isErrno(error, "EEXIST")) throw KataError.wrap(error, `Kernel module ${entry.name} cannot be loaded`);
      } finally {
        this.sys.close(fd);
      }
    }
    this.loaded.add(entry.name);
  }

  private busPresent(bus: "pci" | "mmio"): boolean {
    const dir = bus === "pci" ? "/sys/bus/pci/devices" : "/sys/bus/platform/devices";
    if (!this.sys.exists(dir)) return false;
    const devices = this.sys.readDir(dir);
    return bus === "pci"
      ? devices.length > 0
      : devices.some(({ name }) => name.includes("virtio-mmio") || name.includes("LNRO0005"));
  }

  private virtioDevices(): number[] {
    const dir = "/sys/bus/virtio/devices";
    if (!this.sys.exists(dir)) return [];
    return this.sys.readDir(dir).map(({ name }) => Number(this.sys.readText(`${dir}/${name}/device`).trim()));
  }
}

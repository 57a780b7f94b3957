/** The machine as a whole: clocks, kernel, randomness. Calls throw SysError. */
export interface SystemPort {
  /** Monotonic milliseconds with fractions (CLOCK_MONOTONIC). */
  nowMs(): number;
  /** Milliseconds since 1970 with fractions (CLOCK_REALTIME). */
  wallMs(): number;
  setWallClock(seconds: bigint, nanoseconds: number): void;
  random(bytes: number): Uint8Array;
  /** Credits entropy to the kernel's pool and reseeds it (RNDADDENTROPY, RNDRESEEDCRNG; random(4)). */
  addEntropy(bytes: Uint8Array): void;
  uname(): {
    readonly sysname: string;
    readonly nodename: string;
    readonly release: string;
    readonly version: string;
    readonly machine: string;
  };
  setHostname(name: string): void;
  /** Loads a module from an open file (finit_module(2)); EEXIST when it is loaded. */
  loadModule(fd: number, parameters: string): void;
  /** Writes all file systems out, then ends the machine. Returns only by throwing. */
  reboot(how: "power-off" | "restart" | "halt"): void;
  sync(): void;
  /** An inotify descriptor (non-blocking). */
  inotify(): number;
  /** Watches `path`; mask bits as in inotify(7). */
  inotifyAdd(fd: number, path: string, mask: number): number;
  /** CPUs online for this process (sched_getaffinity). */
  cpuCount(): number;
  pageSize(): number;
  /**
   * The API version of KVM behind an open /dev/kvm (KVM_GET_API_VERSION). If it is 12, the only one that is stable, a VM has
   * been made and thrown away, too (KVM_CREATE_VM): what stands in the way of that is thrown. linux/Documentation/virt/kvm/api.rst
   */
  probeKvm(fd: number): number;
}

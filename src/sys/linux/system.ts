import * as native from "kata:native";
import type { SystemPort } from "../port/system.ts";
import { check, checkValue } from "./check.ts";

const rebootWays = ["power-off", "restart", "halt"] as const;

/** The system part of the real Sys. */
export const linuxSystem: SystemPort = {
  nowMs: () => native.nowMs(),
  wallMs: () => native.wallMs(),
  setWallClock(seconds, nanoseconds) {
    check("clock_settime", native.setWallClock(seconds, nanoseconds));
  },
  random(bytes) {
    const buffer = new Uint8Array(bytes);
    check("getrandom", native.random(buffer));
    return buffer;
  },
  addEntropy(bytes) {
    check("ioctl RNDADDENTROPY", native.addEntropy(bytes));
  },
  uname: () => checkValue("uname", native.uname()),
  setHostname(name) {
    check("sethostname", native.setHostname(name), name);
  },
  loadModule(fd, parameters) {
    check("finit_module", native.loadModule(fd, parameters));
  },
  reboot(how) {
    check("reboot", native.reboot(rebootWays.indexOf(how)), how);
  },
  sync() {
    native.sync();
  },
  inotify: () => check("inotify_init", native.inotify()),
  inotifyAdd: (fd, path, mask) => check("inotify_add_watch", native.inotifyAdd(fd, path, mask), path),
  cpuCount: () => check("sched_getaffinity", native.cpuCount()),
  pageSize: () => native.pageSize(),
  probeKvm: (fd) => check("ioctl KVM_CREATE_VM", native.probeKvm(fd)),
};

import * as native from "kata:native";
import type { ProcessesPort } from "../port/processes.ts";
import { check, checkValue, sysError } from "./check.ts";
import { linuxFiles } from "./files.ts";
import { rlimitNames, spawn } from "./spawn.ts";

const ECHILD = -10;

/** The processes part of the real Sys. */
export const linuxProcesses: ProcessesPort = {
  spawn,
  kill(pid, signal) {
    check("kill", native.kill(pid, signal), String(pid));
  },
  reap() {
    const ended = native.reap();
    if (ended === 0 || ended === ECHILD) return undefined;
    const [pid, code, signal] = checkValue("waitpid", ended);
    return { pid, status: signal === 0 ? { kind: "exited", code } : { kind: "signaled", signal } };
  },
  pid: () => native.pid(),
  parentPid: () => native.parentPid(),
  uid: () => native.uid(),
  becomeSubreaper() {
    check("prctl", native.becomeSubreaper(), "PR_SET_CHILD_SUBREAPER");
  },
  scheduleApart() {
    check("prctl", native.scheduleApart(), "PR_SCHED_CORE");
  },
  setDeathSignal(signal) {
    check("prctl", native.setDeathSignal(signal), "PR_SET_PDEATHSIG");
  },
  newSession() {
    check("setsid", native.newSession());
  },
  setOomScoreAdj(value) {
    linuxFiles.writeFile("/proc/self/oom_score_adj", String(value));
  },
  umask: (mask) => native.umask(mask),
  setRlimit(resource, soft, hard) {
    check("setrlimit", native.setRlimit(rlimitNames.indexOf(resource), soft, hard), resource);
  },
  env(name) {
    const prefix = `${name}=`;
    return native
      .environment()
      .find((entry) => entry.startsWith(prefix))
      ?.slice(prefix.length);
  },
  environment: () => native.environment(),
  argv: () => native.argv(),
  exit(code): never {
    native.exit(code);
    throw sysError("exit", -1);
  },
};

import { createFakeSys, type FakeSys } from "../../sys/fake.ts";
import { type Examined, type ExamineRequest, examineConfiguration } from "../examine.ts";
import { type Finding, findingText } from "../finding.ts";

/** The main file of `diskWith`. */
export const mainFile = "/etc/kata/main.toml";

/** A host with 4 CPUs and 8 GiB, and these files; a name without directory is a drop-in of `mainFile`. */
export function diskWith(files: Readonly<Record<string, string | Uint8Array>>): FakeSys {
  const sys = createFakeSys();
  sys.cpuCount = () => 4;
  sys.fake.addFile("/proc/meminfo", "MemFree: 1 kB\nMemTotal:        8388608 kB\n");
  sys.fake.addFile("/usr/bin/kata-ctl", "");
  sys.fake.addDirectory("/proc/self");
  sys.symlink("/usr/bin/kata-ctl", "/proc/self/exe");
  for (const [name, content] of Object.entries(files)) {
    sys.fake.addFile(name.startsWith("/") ? name : `/etc/kata/config.d/${name}`, content);
  }
  return sys;
}

interface ExaminedOptions extends ExamineRequest {
  readonly dropIns?: Readonly<Record<string, string>>;
  /** As uname(2) has it; absent: x86_64. */
  readonly machine?: string;
}

/** Everything about a main file and, by their names, its drop-ins. */
export function examined(
  text: string | Uint8Array,
  { dropIns = {}, machine, ...request }: ExaminedOptions = {},
): Examined {
  const sys = diskWith({ [mainFile]: text, ...dropIns });
  if (machine !== undefined) sys.uname = () => ({ ...createFakeSys().uname(), machine });
  return examineConfiguration({ sys }, { path: mainFile, ...request });
}

/** Findings as lines with their severity first; files without their directory. */
export function linesOf(findings: readonly Finding[]): string[] {
  return findings.map((finding) => `${finding.severity} ${findingText(finding).replaceAll("/etc/kata/", "")}`);
}

/** What is told about a main file, as lines. */
export function toldOf(...args: Parameters<typeof examined>): string[] {
  return linesOf(examined(...args).findings);
}

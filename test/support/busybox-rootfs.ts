import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";

/** Makes a root file system with nothing but Debian's static busybox, all applets linked. */
export function makeBusyboxRootfs(dir: string): void {
  for (const name of ["bin", "dev", "etc", "proc", "root", "sys", "tmp"])
    mkdirSync(`${dir}/${name}`, { recursive: true });
  copyFileSync("/bin/busybox", `${dir}/bin/busybox`);
  const applets = execFileSync("/bin/busybox", ["--list"], { encoding: "utf8" }).trim().split("\n");
  for (const applet of applets) if (applet !== "busybox") symlinkSync("busybox", `${dir}/bin/${applet}`);
  writeFileSync(`${dir}/etc/passwd`, "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:100::/tmp:/bin/sh\n");
  writeFileSync(`${dir}/etc/group`, "root:x:0:\nusers:x:100:\nwheel:x:10:alice\n");
  writeFileSync(`${dir}/etc/not-executable`, "text\n");
}

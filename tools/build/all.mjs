#!/usr/bin/env node
// `make build`: everything in place below out/. Each step runs only when something it depends on changed.
import { root, runStep } from "./step.mjs";

runStep({
  name: "protocols",
  inputs: ["proto", "tools/proto", "package-lock.json"],
  outputs: ["src/wire/gen/agent/agent.ts"],
  command: ["npm", "run", "--silent", "generate"],
});

runStep({
  name: "programs",
  inputs: ["src", "native", "tools/build", "package-lock.json"],
  outputs: [
    "out/bin/kata-ctl",
    "out/bin/containerd-shim-kata-v2",
    "out/bin/kata-runtime",
    "out/bin/kata-monitor",
    "out/libexec/kata-agent",
  ],
  command: ["node", "tools/build/native.mjs"],
});

runStep({
  name: "guest",
  inputs: [
    "guest/build.sh",
    "guest/lib",
    "guest/modules.list",
    "guest/stand-in",
    "tools/apt",
    "out/libexec/kata-agent",
  ],
  outputs: ["out/guest/vmlinux", "out/guest/initrd.img", "out/guest/manifest.json"],
  command: ["guest/build.sh", "--agent", "out/libexec/kata-agent", "--output", "out/guest", "--cache", "out/cache"],
});

runStep({
  name: "demo-image",
  inputs: ["guest/demo-image.sh"],
  outputs: ["out/images/busybox.tar"],
  command: ["guest/demo-image.sh", "out/images/busybox.tar"],
});

runStep({
  name: "configuration",
  inputs: ["src/config", "tools/build/configuration.mjs", "tools/build/import-source.mjs"],
  outputs: ["out/etc/kata-containers/configuration.toml"],
  command: [
    "node",
    "tools/build/configuration.mjs",
    "--guest",
    `${root}/out/guest`,
    "--output",
    "out/etc/kata-containers",
  ],
});

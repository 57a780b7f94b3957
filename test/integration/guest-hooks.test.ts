import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { packAny } from "../../src/wire/any.ts";
import { Options } from "../../src/wire/gen/runtimeoptions/v1/api.ts";
import { configuration } from "../support/shim-host.ts";
import { useShimHost } from "../support/shim-test.ts";

const { host, nextId } = useShimHost("guest-hooks");

/** An initrd with hooks beside what it has: the kernel unpacks one archive after the other. */
function initrdWithHooks(initrd: string): string {
  const tree = path.join(host().dir, "tree");
  const hooks = path.join(tree, "guest-hooks");
  const kinds = ["prestart", "poststart", "poststop"];
  for (const kind of kinds) mkdirSync(path.join(hooks, kind), { recursive: true });
  copyFileSync("/bin/busybox", path.join(hooks, "busybox"));
  for (const kind of kinds) {
    const text = `#!/guest-hooks/busybox sh\necho "<0>hook ${kind} ran" > /dev/kmsg\n`;
    writeFileSync(path.join(hooks, kind, "tell"), text, { mode: 0o755 });
  }
  const archive = execFileSync("sh", ["-c", "find . | cpio -o -H newc --quiet"], { cwd: tree, maxBuffer: 64 << 20 });
  const padding = Buffer.alloc((512 - (archive.length % 512)) % 512);
  const both = path.join(host().dir, "initrd.img");
  writeFileSync(both, Buffer.concat([archive, padding, readFileSync(initrd)]));
  return both;
}

test("programs of guest_hook_path run in the guest around a container", async () => {
  const text = readFileSync(configuration, "utf8");
  const initrd = initrdWithHooks(/^initrd = "(.*)"$/m.exec(text)?.[1] ?? "");
  const file = path.join(host().dir, "configuration.toml");
  writeFileSync(file, text);
  mkdirSync(path.join(host().dir, "config.d"));
  const keys = `initrd = ${JSON.stringify(initrd)}\nguest_hook_path = "/guest-hooks"\nenable_debug = true\n`;
  writeFileSync(path.join(host().dir, "config.d/hooks.toml"), `[hypervisor.qemu]\n${keys}`);
  const container = await host().prepare(nextId(), { args: ["sleep", "1000"] });
  Object.assign(container.request, { options: packAny(Options, Options.create({ configPath: file })) });
  await container.create();
  await container.task.start({ id: container.id, execId: "" });
  expect(await container.exec(["echo", "alive"])).toMatchObject({ stdout: "alive\n" });
  await container.end();
  const said = host()
    .log(container.id)
    .match(/hook \w+ ran/g);
  expect(said).toEqual(["hook prestart ran", "hook poststart ran"]);
});

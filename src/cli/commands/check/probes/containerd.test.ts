import { expect, test } from "vitest";
import { HealthyHost } from "../testing/healthy-host.ts";
import { containerdProbe } from "./containerd.ts";
import { imageToolsProbe } from "./image-tools.ts";

const matching = (pattern: RegExp) => expect.stringMatching(pattern);
const shim = "/usr/local/bin/containerd-shim-kata-v2";
const registered = '[plugins.x.runtimes.kata]\nruntime_type = "io.containerd.kata.v2"\n';

test.each<[string, Readonly<Record<string, string>>, object]>([
  ["not running", {}, { result: "skipped", reason: matching(/does not run here/) }],
  ["no shim", { "/run/containerd/containerd.sock": "" }, { result: "skipped", remedy: matching(/make install/) }],
  [
    "a shim",
    { "/run/containerd/containerd.sock": "", [shim]: "" },
    { result: "skipped", reason: matching(/for pods, no runtime/) },
  ],
  [
    "a runtime in config.toml",
    { "/run/containerd/containerd.sock": "", [shim]: "", "/etc/containerd/config.toml": registered },
    { result: "ok", reason: "runtime of /etc/containerd/config.toml", details: [shim] },
  ],
  [
    "a runtime in conf.d",
    { "/run/containerd/containerd.sock": "", [shim]: "", "/etc/containerd/conf.d/kata.toml": registered },
    { result: "ok", reason: "runtime of /etc/containerd/conf.d/kata.toml" },
  ],
  [
    "a runtime without its shim",
    { "/run/containerd/containerd.sock": "", "/etc/containerd/config.toml": registered },
    { result: "warning", reason: matching(/no containerd-shim-kata-v2 to start/) },
  ],
])("containerd: %s", async (_, files, expected) => {
  const host = new HealthyHost();
  for (const [path, content] of Object.entries(files)) host.sys.fake.addFile(path, content);
  expect(await host.run(containerdProbe)).toMatchObject(expected);
});

test("image tools are optional", async () => {
  const host = new HealthyHost();
  host.sys.fake.addFile("/usr/bin/umoci");
  expect(await host.run(imageToolsProbe)).toMatchObject({ result: "skipped", remedy: "apt-get install skopeo" });
  host.sys.fake.addFile("/usr/bin/skopeo");
  expect(await host.run(imageToolsProbe)).toEqual({ result: "ok", reason: "skopeo, umoci" });
});

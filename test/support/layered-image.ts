import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { run } from "./leak-check.ts";

/**
 * Builds an OCI image of three layers with umoci: a file of the first is deleted by the third (whiteout), a directory is
 * replaced, and the configuration has USER, ENTRYPOINT, CMD, ENV, WORKDIR and VOLUME. Pushes it to `reference`
 * (`HOST:PORT/NAME:TAG`, plain HTTP) and returns the manifest's digest.
 */
export function pushLayeredImage(reference: string): string {
  const directory = mkdtempSync(path.join(tmpdir(), "kata-layers-"));
  try {
    return buildAndPush(directory, reference);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function buildAndPush(directory: string, reference: string): string {
  const layout = path.join(directory, "layout");
  const image = `${layout}:app`;
  const bundle = path.join(directory, "bundle");
  const rootfs = path.join(bundle, "rootfs");
  const file = (name: string) => path.join(rootfs, name);

  run("umoci", "init", "--layout", layout);
  run("umoci", "new", "--image", image);
  run("umoci", "unpack", "--image", image, bundle);

  for (const name of ["bin", "etc", "data", "replaced", "home/app"]) mkdirSync(file(name), { recursive: true });
  copyFileSync("/bin/busybox", file("bin/busybox"));
  chmodSync(file("bin/busybox"), 0o755);
  for (const applet of ["sh", "cat", "ls", "id", "pwd", "env", "echo", "stat", "touch"])
    symlinkSync("busybox", file(`bin/${applet}`));
  writeFileSync(file("etc/passwd"), "root:x:0:0::/root:/bin/sh\napp:x:1234:2345::/home/app:/bin/sh\n");
  writeFileSync(file("etc/group"), "root:x:0:\napp:x:2345:\nextra:x:3456:app\n");
  chownSync(file("home/app"), 1234, 2345);
  writeFileSync(file("data/deleted-later"), "first layer");
  writeFileSync(file("data/kept"), "first layer");
  writeFileSync(file("replaced/old"), "first layer");
  run("umoci", "repack", "--refresh-bundle", "--image", image, bundle);

  writeFileSync(file("data/kept"), "second layer");
  writeFileSync(file("data/added"), "second layer");
  run("umoci", "repack", "--refresh-bundle", "--image", image, bundle);

  rmSync(file("data/deleted-later"));
  rmSync(file("replaced"), { recursive: true });
  mkdirSync(file("replaced"));
  writeFileSync(file("replaced/new"), "third layer");
  run("umoci", "repack", "--refresh-bundle", "--image", image, bundle);

  const settings = {
    user: "app",
    entrypoint: ["/bin/sh", "-c"],
    cmd: ['echo "$GREETING from $(pwd) as $(id -un):$(id -gn)"'],
    env: ["GREETING=hello"],
    workingdir: "/home/app",
    volume: ["/data/volume"],
  };
  const flags = Object.entries(settings).flatMap(([key, values]) =>
    [values].flat().map((value) => `--config.${key}=${value}`),
  );
  run("umoci", "config", "--image", image, ...flags);

  const digestFile = path.join(directory, "digest");
  run(
    "skopeo",
    "copy",
    "--quiet",
    "--dest-tls-verify=false",
    "--digestfile",
    digestFile,
    `oci:${image}`,
    `docker://${reference}`,
  );
  return run("cat", digestFile).trim();
}

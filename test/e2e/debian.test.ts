import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { unpackDebian } from "../support/debian-rootfs.ts";
import { TestHost } from "../support/kata-ctl.ts";
import { expectNoLeaks, type HostSnapshot, snapshotHost } from "../support/leak-check.ts";

let host: TestHost;
let rootfs: string;
let before: HostSnapshot;

beforeAll(() => {
  host = new TestHost();
  rootfs = path.join(host.root, "debian");
  unpackDebian(rootfs);
});
afterAll(() => host.remove());
beforeEach(() => {
  before = snapshotHost();
});
afterEach(() => expectNoLeaks(before));

async function debian(...command: string[]): Promise<string> {
  return (await host.must(["run", "--rm", "--rootfs", rootfs, "--", ...command])).stdout;
}

describe("a Debian 12 root file system as a plain directory", () => {
  test("runs apt and perl", async () => {
    expect(await debian("apt", "--version")).toMatch(/^apt 2\.6/);
    expect(await debian("perl", "-e", 'print join(",", map { $_ * $_ } 1..5), "\n"')).toBe("1,4,9,16,25\n");
  });

  test("runs a shell pipeline over its own files", async () => {
    const output = await debian(
      "sh",
      "-c",
      "dpkg --get-selections | cut -f1 | sort | grep -c '^lib' | tr -d '\\n'; cat /etc/debian_version",
    );
    expect(output).toMatch(/^\d+12\.\d+\n$/);
  });

  test("reads 300 MB of files through the share", async () => {
    const directory = path.join(rootfs, "srv/many");
    mkdirSync(directory, { recursive: true });
    const total = createHash("sha256");
    for (let index = 0; index < 300; index++) {
      const content = Buffer.alloc(1 << 20, `${index} `);
      total.update(content);
      writeFileSync(path.join(directory, `${index}`.padStart(3, "0")), content);
    }
    expect(await debian("sh", "-c", "cat /srv/many/* | sha256sum")).toBe(`${total.digest("hex")}  -\n`);
  });
});

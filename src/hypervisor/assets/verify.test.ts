import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { utf8Encode } from "../../base/bytes.ts";
import { causeChain } from "../../base/error.ts";
import { createFakeSys } from "../../sys/fake.ts";
import { FakeLoop } from "../../sys/fake-loop.ts";
import type { SpawnOptions } from "../../sys/port/processes.ts";
import { verifyAsset } from "./verify.ts";

const sum = createHash("sha512").update("a kernel").digest("hex");
const path = "/boot/vmlinuz";

/** A host whose sha512sum says something and ends. */
function host(stdout: string, code = 0, stderr = "") {
  const sys = createFakeSys();
  const loop = new FakeLoop(sys);
  sys.fake.addFile(path, "a kernel");
  sys.fake.processes.onSpawn = ({ pid, options }) => {
    sys.write(options.fds?.[1] ?? -1, utf8Encode(stdout));
    sys.write(options.fds?.[2] ?? -1, utf8Encode(stderr));
    loop.setTimer(1, () => sys.fake.processes.exit(pid, { kind: "exited", code }));
  };
  const verify = async (sha512: string, file = path) => {
    const done = verifyAsset({ sys, loop }, { type: "kernel", path: file, sha512 }).catch((error: unknown) => error);
    await loop.settle();
    await loop.advance(1);
    return done;
  };
  return { sys, verify };
}

describe("verifyAsset()", () => {
  test.each([`${sum}  ${path}\n`, `\\${sum}  /odd\\nname\n`])("accepts %j", async (output) => {
    const { sys, verify } = host(output);
    expect(await verify(sum)).toBeUndefined();
    expect(sys.fake.spawned).toMatchObject([
      {
        path: "/usr/bin/sha512sum",
        argv: ["sha512sum", "--", path],
        env: ["LC_ALL=C"],
      } satisfies Partial<SpawnOptions>,
    ]);
    expect(sys.fake.openDescriptors).toEqual([]);
  });

  test("names both values when they differ", async () => {
    const other = `${sum.slice(0, -1)}${sum.endsWith("0") ? "1" : "0"}`;
    expect(await host(`${sum}  x\n`).verify(other)).toMatchObject({
      code: "failed-precondition",
      field: "kernel",
      message: `The kernel "${path}" has SHA-512 ${sum.slice(0, 16)}..., not ${other.slice(0, 16)}... as demanded`,
    });
  });

  test.each([
    ["", 1, "sha512sum: /boot/vmlinuz: Permission denied\n", "sha512sum: /boot/vmlinuz: Permission denied"],
    ["", 0, "", "/usr/bin/sha512sum gave no hash"],
    [`${sum.slice(1)}  x\n`, 0, "", "gave no hash"],
    [`${sum}0  x\n`, 0, "", "gave no hash"],
    [`${sum}  x\n`, 1, "", "gave no hash"],
    ["not found\n", 0, "", "gave no hash"],
  ])("trusts no %j with exit code %d", async (stdout, code, stderr, message) => {
    const error = await host(stdout, code, stderr).verify(sum);
    expect(causeChain(error)[0]).toBe(`The kernel "${path}" cannot be hashed`);
    expect(causeChain(error)[1]).toContain(message);
  });

  test("asks for files only", async () => {
    const { sys, verify } = host(`${sum}  x\n`);
    sys.fake.addDirectory("/boot/directory");
    sys.mkfifo("/boot/fifo", 0o600);
    expect(causeChain(await verify(sum, "/boot/directory"))[1]).toBe("It is a directory, not a file");
    expect(causeChain(await verify(sum, "/boot/fifo"))[1]).toBe("It is a fifo, not a file");
    expect(await verify(sum, "/boot/missing")).toMatchObject({ code: "not-found" });
    expect(sys.fake.spawned).toEqual([]);
  });

  test("says when the tool cannot be started", async () => {
    const { sys, verify } = host("");
    sys.fake.fail("spawn", "ENOENT");
    expect(causeChain(await verify(sum))[0]).toBe(`The kernel "${path}" cannot be hashed`);
    expect(sys.fake.openDescriptors).toEqual([]);
  });
});

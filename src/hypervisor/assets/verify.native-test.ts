import { expect, test } from "../../../test/native/runner.ts";
import { sha512Hex } from "../../base/sha512.ts";
import { verifyAsset } from "./verify.ts";

test("a file's hash is taken by the tool of coreutils, whatever its name", async ({ sys, loop, tempDir }) => {
  const path = `${tempDir()}/a\n[kernel]`;
  const sha512 = sha512Hex("a kernel");
  sys.writeFile(path, "a kernel");
  await verifyAsset({ sys, loop }, { type: "kernel", path, sha512 });
  sys.writeFile(path, "a kernel".repeat(100_000));
  const error = await verifyAsset({ sys, loop }, { type: "kernel", path, sha512 }).catch((e: unknown) => e);
  expect((error as { code: string }).code).toBe("failed-precondition");
});

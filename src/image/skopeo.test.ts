import { describe, expect, test } from "vitest";
import { parseSource } from "./reference.ts";
import { type CopySource, copyError, skopeoName } from "./skopeo.ts";

const registry = parseSource("localhost:5000/app:1") as CopySource;
const archive = parseSource("docker-archive:/tmp/x.tar") as CopySource;
const fatal = (message: string) => ({
  status: { kind: "exited", code: 1 } as const,
  stderr: `time="2026-01-01T00:00:00Z" level=fatal msg="${message}"\n`,
});

describe("copyError tells what skopeo 1.9 means", () => {
  test.each([
    [
      registry,
      "reading manifest 1 in localhost:5000/app: manifest unknown: manifest unknown",
      "not-found",
      "no image localhost:5000/app:1",
    ],
    [
      registry,
      "reading manifest 1 in localhost:5000/app: name unknown: repository name not known to registry",
      "not-found",
      "no image",
    ],
    [
      registry,
      'initializing source: pinging container registry localhost:5000: Get \\"https://localhost:5000/v2/\\": dial tcp 127.0.0.1:5000: connect: connection refused',
      "unavailable",
      "Registry localhost:5000",
    ],
    [
      registry,
      'Get \\"https://x/v2/\\": dial tcp: lookup x on 1.1.1.1:53: no such host',
      "unavailable",
      "cannot be reached",
    ],
    [
      registry,
      'Get \\"https://x/v2/\\": http: server gave HTTP response to HTTPS client',
      "unavailable",
      "trusted TLS",
    ],
    [registry, "unauthorized: authentication required", "permission-denied", "does not let us"],
    [
      registry,
      "writing blob: happened during read: Digest did not match, expected sha256:a, got sha256:b",
      "data-loss",
      "does not match its digest",
    ],
    [registry, "choosing an image: no image found in manifest list for architecture arm64", "not-found", "no variant"],
    [registry, "writing blob: write /x: no space left on device", "resource-exhausted", "No room left"],
    [registry, "something new", "unknown", "Cannot fetch"],
    [
      archive,
      "initializing source docker-archive:g.tar: loading tar component manifest.json: unexpected EOF",
      "data-loss",
      "/tmp/x.tar is broken",
    ],
    [archive, "more than one image in oci, choose an image", "invalid-argument", "several images"],
  ] as const)("%o %s", (source, message, code, text) => {
    const error = copyError(source, fatal(message));
    expect(error).toMatchObject({ code, stage: "prepare-image", field: "image" });
    expect(error.message).toContain(text);
    expect((error.cause as Error).message).toBe(`skopeo exited with 1: ${message.replaceAll('\\"', '"')}`);
  });

  test("a killed skopeo is named as such", () => {
    const error = copyError(registry, { status: { kind: "signaled", signal: 9 }, stderr: "" });
    expect((error.cause as Error).message).toBe("skopeo was killed by SIGKILL: it said nothing");
  });
});

test("skopeoName drops the tag beside a digest", () => {
  const digest = `sha256:${"a".repeat(64)}`;
  expect(skopeoName(parseSource(`busybox:1@${digest}`) as CopySource)).toBe(
    `docker://docker.io/library/busybox@${digest}`,
  );
  expect(skopeoName(registry)).toBe("docker://localhost:5000/app:1");
  expect(skopeoName(parseSource("oci:/a/b:t") as CopySource)).toBe("oci:/a/b:t");
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KataError } from "../base/error.ts";
import { canonicalName, familiarName, isLoopback, parseReference, parseSource } from "./reference.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

describe("parseReference and canonicalName", () => {
  test.each([
    ["busybox", "docker.io/library/busybox:latest"],
    ["busybox:1.36", "docker.io/library/busybox:1.36"],
    ["user/app", "docker.io/user/app:latest"],
    ["docker.io/busybox", "docker.io/library/busybox:latest"],
    ["docker.io/library/busybox", "docker.io/library/busybox:latest"],
    ["index.docker.io/busybox", "docker.io/library/busybox:latest"],
    ["localhost/app", "localhost/app:latest"],
    ["localhost:5000/a/b/c:v1", "localhost:5000/a/b/c:v1"],
    ["127.0.0.1:5000/app", "127.0.0.1:5000/app:latest"],
    ["[::1]:5000/app", "[::1]:5000/app:latest"],
    ["quay.io/org/app__x.y--z", "quay.io/org/app__x.y--z:latest"],
    [`busybox@${digest}`, `docker.io/library/busybox@${digest}`],
    [`busybox:1@${digest}`, `docker.io/library/busybox:1@${digest}`],
  ])("%s is %s", (text, canonical) => {
    expect(canonicalName(parseReference(text))).toBe(canonical);
  });

  test.each([
    ["", "repository"],
    ["Busybox", "capitals"],
    ["a/../b", "repository"],
    ["a//b", "repository"],
    ["a:", "tag"],
    ["a:b:c", "repository"],
    [`a:${"t".repeat(129)}`, "tag"],
    ["a@sha256:123", "digest"],
    ["a@md5:1", "digest"],
    ["a b", "repository"],
    ["-x", "repository"],
    ["a\nb", "repository"],
    ["evil.example:99999999/a", "registry"],
    ["x".repeat(600), "512"],
  ])("refuses %o and names the %s", (text, word) => {
    expect(() => parseReference(text)).toThrow(KataError);
    expect(() => parseReference(text)).toThrow(word);
  });

  test("never throws anything else, and what it takes is stable and safe as an argument", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."aZ0.-_:/@ \n\0[]") }), (text) => {
        try {
          const canonical = canonicalName(parseReference(text));
          expect(canonicalName(parseReference(canonical))).toBe(canonical);
          expect(canonical).not.toMatch(/[\s\0]|^-|\.\.\//);
        } catch (error) {
          if (!(error instanceof KataError)) throw error;
        }
      }),
    );
  });
});

test.each([
  ["docker.io/library/busybox:latest", "busybox:latest"],
  ["docker.io/user/app:1", "user/app:1"],
  ["quay.io/x/y:1", "quay.io/x/y:1"],
])("familiarName(%s) is %s", (canonical, familiar) => {
  expect(familiarName(canonical)).toBe(familiar);
});

describe("parseSource", () => {
  test.each([
    ["docker-archive:/a/b.tar", { kind: "docker-archive", path: "/a/b.tar", member: undefined }],
    ["docker-archive:b.tar:app:1", { kind: "docker-archive", path: "b.tar", member: "app:1" }],
    ["oci-archive:x.tar:tag", { kind: "oci-archive", path: "x.tar", member: "tag" }],
    ["oci:dir", { kind: "oci", path: "dir", member: undefined }],
    ["./x.tar", { kind: "path", path: "./x.tar" }],
    ["/x", { kind: "path", path: "/x" }],
    ["../x", { kind: "path", path: "../x" }],
  ])("%s", (text, expected) => {
    expect(parseSource(text)).toEqual(expected);
  });
  test("anything else is a registry's", () => {
    expect(parseSource("docker://busybox:1")).toMatchObject({ kind: "registry", reference: { tag: "1" } });
    expect(parseSource("oci")).toMatchObject({ kind: "registry", reference: { repository: "library/oci" } });
    expect(() => parseSource("oci:")).toThrow("needs a path");
  });
});

test("isLoopback knows this machine's names only", () => {
  for (const host of ["localhost", "localhost:5000", "127.0.0.1:1", "127.9.9.9", "[::1]:5000"])
    expect(isLoopback(host)).toBe(true);
  for (const host of ["localhost.example", "127.0.0.1.example", "10.0.0.1", "docker.io"])
    expect(isLoopback(host)).toBe(false);
});

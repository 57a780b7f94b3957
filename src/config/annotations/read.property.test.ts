import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type HypervisorType, hypervisorTypes } from "../hypervisor-type.ts";
import { isRepeatable } from "../kernel-params/merge.ts";
import { parseParams, splitKernelParams } from "../kernel-params/param.ts";
import { acceptValue } from "../schema/accept.ts";
import { allKeys } from "../schema/catalog.ts";
import type { Key } from "../schema/key.ts";
import { globMatches, parseGlob } from "./glob.ts";
import { joinKernelParams, kernelParamProblems } from "./kernel-params.ts";
import { type AnnotationReading, readAnnotations } from "./read.ts";
import { goodText } from "./testing/good-text.ts";

const config = "io.katacontainers.config.";
const keysByName = new Map<string, Key>(
  [...allKeys()].flatMap(([, key]) => (key.annotation?.names ?? []).map((name) => [name, key] as const)),
);
const names = [...keysByName.keys()];

function baseName(name: string): string {
  return name.replace(/^io\.katacontainers\.(config\.(hypervisor|agent|runtime)\.)?/, "");
}

const anyName = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...names) },
  fc
    .constantFrom(...names)
    .chain((name) => fc.nat(name.length).map((at) => `${name.slice(0, at)}${name.slice(at + 1)}`)),
  fc.constantFrom(
    ...["kernel_hash", "path_hash", "hypervisor_hash", "asset_hash_type"].map((name) => `${config}hypervisor.${name}`),
    "io.katacontainers.asset_hash_type",
    "io.katacontainers.config_path",
    "io.katacontainers.pkg.oci.container_type",
    "io.katacontainers.container.resource.swappiness",
    "__proto__",
    `${config}__proto__`,
  ),
  fc.string({ unit: "grapheme" }).map((text) => `io.katacontainers.${text}`),
);

const hostilePaths = [
  "/bin/sh",
  "/opt/a/../../bin/sh",
  "/opt/a//b",
  "/opt/a/b/c",
  "/opt/a/x\n",
  "opt/a/x",
  "/opt/a/./x",
];
const anyValue = fc.oneof(
  fc.constantFrom("true", "0", "1", "2", "1.5", "512", "auto", "[]", '["a"]', "", "a=b", "a".repeat(128)),
  fc.constantFrom("-o source=/", "1e9", "0x10", " 5", "NaN", "\uff19", "a\nb", "a\0b", "__proto__", "constructor"),
  fc.constantFrom("/opt/a/x", "/opt/a/y", "/opt/b/z", ...hostilePaths),
  fc.constantFrom("init=/bin/sh", "quiet agent.log=debug", "agent.debug_console", 'a="b c"'),
  fc.integer().map(String),
  fc.double().map(String),
  fc.string({ unit: "binary" }),
  fc.json(),
);

const anyAnnotation = anyName.chain((name) => {
  const shape = keysByName.get(name)?.shape;
  const good = shape === undefined ? "1" : shape.kind === "path" ? "/opt/a/x" : goodText(shape);
  return fc.tuple(fc.constant(name), fc.oneof(anyValue, fc.constant(good)));
});

const anyExpression = fc.oneof(
  fc.constantFrom(...names).map(baseName),
  fc.constantFrom(...names).map((name) => `^${baseName(name)}$`),
  fc.constantFrom(
    "default",
    "^enable_",
    "_path",
    "vcpus|memory",
    ".*",
    "",
    "(",
    "(a+)+",
    "[",
    "x{1000000}",
    "\\",
    "(?=.)",
  ),
  fc.string(),
);

const anyPattern = fc.oneof(
  fc.constantFrom("/opt/a/*", "/opt/a/x", "/opt/?/z", "/opt/[ab]/*", "[", "", "*", "/*"),
  fc.string(),
);

const anyPod = fc.record({
  hypervisor: fc.oneof(fc.constant("qemu" as const), fc.constantFrom(...hypervisorTypes)),
  annotations: fc.uniqueArray(anyAnnotation, { minLength: 4, maxLength: 12, selector: ([name]) => name }),
  enabled: fc.array(anyExpression, { minLength: 1, maxLength: 5 }),
  patterns: fc.array(anyPattern, { maxLength: 3 }),
});

function read(
  annotations: readonly (readonly [string, string])[],
  hypervisor: HypervisorType,
  enabled: readonly string[],
  patterns: readonly string[],
): AnnotationReading {
  return readAnnotations(Object.fromEntries(annotations), {
    hypervisor,
    enabled,
    allowedPaths: () => patterns,
    keys: allKeys(),
  });
}

/** Whether the list opens a name, by nothing but the engine's regular expressions. */
function opens(enabled: readonly string[], name: string): boolean {
  return enabled.some((expression) => {
    try {
      return new RegExp(expression, "u").test(baseName(name));
    } catch {
      return false;
    }
  });
}

describe("whatever a pod writes", () => {
  test("nothing is set that no expression matches, and no path that no pattern matches", () => {
    let set = 0;
    fc.assert(
      fc.property(anyPod, ({ hypervisor, annotations, enabled, patterns }) => {
        const { overrides, assetHashes } = read(annotations, hypervisor, enabled, patterns);
        for (const [path, { value, annotation }] of overrides) {
          const key = keysByName.get(annotation);
          expect(key?.annotation?.never).toBeUndefined();
          expect(opens(enabled, annotation)).toBe(true);
          expect(path.startsWith("hypervisor.") ? path.split(".")[1] : hypervisor).toBe(hypervisor);
          expect(key === undefined ? undefined : acceptValue(key.shape, value as never)).toEqual(value);
          if (key?.shape.kind === "path") {
            expect(value).toMatch(/^\/opt\/[ab]\/[xyz]$/);
            expect(patterns.some((pattern) => globMatches(parseGlob(pattern) ?? [], String(value)))).toBe(true);
          }
          set++;
        }
        for (const hash of assetHashes.values()) expect(hash).toMatch(/^[0-9a-f]{128}$/);
        if (assetHashes.size > 0)
          expect(
            opens(enabled, "kernel_hash") || opens(enabled, "path_hash") || opens(enabled, "hypervisor_hash"),
          ).toBe(true);
      }),
      { numRuns: 300 },
    );
    expect(set).toBeGreaterThan(0);
  });

  test("everything of ours is either set or told, in lines that are safe to print", () => {
    const silent = new Set(["io.katacontainers.asset_hash_type", `${config}hypervisor.asset_hash_type`]);
    fc.assert(
      fc.property(anyPod, ({ hypervisor, annotations, enabled, patterns }) => {
        const { overrides, assetHashes, findings } = read(annotations, hypervisor, enabled, patterns);
        const settled = new Set([...overrides.values()].map(({ annotation }) => annotation));
        const toldOf = new Set(findings.map(({ place }) => (place.kind === "annotation" ? place.name : "")));
        for (const [name, text] of annotations) {
          if (
            !/^io\.katacontainers\.(?!container\.resource\.)[\x21-\x7e]*$/.test(name) ||
            silent.has(name) ||
            text === ""
          )
            continue;
          expect([name, settled.has(name) || toldOf.has(name) || /_hash$/.test(name) === assetHashes.size > 0]).toEqual(
            [name, true],
          );
        }
        for (const { place, rule, got, suggestion } of findings) {
          const line = `${place.kind === "annotation" ? place.name : ""} ${rule} ${got ?? ""} ${suggestion ?? ""}`;
          expect(line).toMatch(/^[\x20-\x7e]{1,2000}$/);
        }
      }),
      { numRuns: 150 },
    );
  });

  test("the order of the annotations does not matter", () => {
    fc.assert(
      fc.property(anyPod, ({ hypervisor, annotations, enabled, patterns }) => {
        const one = read(annotations, hypervisor, enabled, patterns);
        const other = read([...annotations].reverse(), hypervisor, enabled, patterns);
        expect([...other.overrides]).toEqual([...one.overrides]);
        expect(other.findings).toEqual(one.findings);
      }),
      { numRuns: 50 },
    );
  });
});

describe("patterns for paths", () => {
  /** The same by a regular expression: only for patterns of these few characters. */
  function oracle(pattern: string): RegExp {
    const text = pattern.replaceAll(/\[(\^?)([ab]+)\]|[*?.]/g, (token, negated, set) => {
      if (token === "*") return "[^/]*";
      if (token === "?") return "[^/]";
      return token === "." ? "\\." : `[${negated === "^" ? "^/" : ""}${set}]`;
    });
    return new RegExp(`^${text}$`);
  }
  const pattern = fc.array(fc.constantFrom("*", "?", "[a]", "[ab]", "[^a]", "a", "b", ".", "/"), {
    minLength: 1,
    maxLength: 6,
  });
  const path = fc.array(fc.constantFrom("a", "b", "c", ".", "/"), { maxLength: 6 });

  test("match as regular expressions do", () => {
    let matched = 0;
    fc.assert(
      fc.property(pattern, path, (parts, chars) => {
        const [text, whole] = [parts.join(""), chars.join("")];
        const glob = parseGlob(text);
        expect(glob).toBeDefined();
        expect([text, whole, globMatches(glob ?? [], whole)]).toEqual([text, whole, oracle(text).test(whole)]);
        if (oracle(text).test(whole)) matched++;
      }),
      { numRuns: 5000 },
    );
    expect(matched).toBeGreaterThan(0);
  });

  test("whatever is written, reading and matching it ends without an exception", () => {
    const odd = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(fc.constantFrom("[", "]", "^", "-", "\\", "*", "a", "/")).map((all) => all.join("")),
    );
    fc.assert(
      fc.property(odd, odd, (text, whole) => {
        const glob = parseGlob(text);
        if (glob !== undefined) expect(typeof globMatches(glob, whole)).toBe("boolean");
      }),
      { numRuns: 5000 },
    );
  });
});

describe("kernel parameters", () => {
  const word = fc.oneof(
    fc.constantFrom(
      "quiet",
      "a=1",
      "a-b=2",
      "a_b=3",
      "console=hvc0",
      "agent.log=debug",
      "init=/x",
      'q="a b"',
      "--",
      "panic=1",
    ),
    fc.string(),
  );
  const line = fc.array(word, { maxLength: 6 }).map((words) => words.join(" "));

  test("a pod's words are split by everybody as by the check", () => {
    fc.assert(
      fc.property(line, (text) => {
        if (kernelParamProblems(text).length > 0) return;
        const words = text.split(" ").filter((one) => one !== "");
        expect(splitKernelParams(text)).toEqual(words);
        for (const one of words) expect(one).not.toMatch(/^(?:init|rdinit|root)=|["'\\]|^-/);
      }),
      { numRuns: 5000 },
    );
  });

  test("a pod's parameter is the last of its name, and no other parameter of the operator is lost", () => {
    fc.assert(
      fc.property(line, line, (operator, pod) => {
        // What stands behind `--` is no parameter.
        if (kernelParamProblems(pod).length > 0 || /"|--/.test(operator)) return;
        const joined = parseParams(splitKernelParams(joinKernelParams(operator, pod)));
        const own = parseParams(splitKernelParams(pod));
        const plain = (text: string) => text.replaceAll("-", "_");
        for (const param of own) {
          const last = joined.filter(({ key }) => key === param.key).at(-1);
          expect(own).toContainEqual(last);
        }
        for (const param of parseParams(splitKernelParams(operator))) {
          if (isRepeatable(param) || !own.some(({ key }) => plain(key) === plain(param.key)))
            expect(joined).toContainEqual(param);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

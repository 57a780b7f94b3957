import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KataError } from "../base/error.ts";
import { parseImageConfig, parseIndex, parseManifest } from "./image.ts";

const digest = `sha256:${"ab".repeat(32)}`;
const descriptor = { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest, size: 7 };

describe("parseManifest", () => {
  test("takes what registries send", () => {
    const text = JSON.stringify({ schemaVersion: 2, config: descriptor, layers: [descriptor, descriptor] });
    expect(parseManifest(text)).toEqual({
      config: { ...descriptor, annotations: {} },
      layers: [
        { ...descriptor, annotations: {} },
        { ...descriptor, annotations: {} },
      ],
    });
  });
  test.each([
    ["{", /not JSON/],
    ["[]", /must be an object/],
    ["{}", /config must be an object/],
    [JSON.stringify({ config: { ...descriptor, digest: "sha256:../../etc/passwd" } }), /config.digest/],
    [JSON.stringify({ config: { ...descriptor, digest: "md5:1" } }), /config.digest/],
    [JSON.stringify({ config: { ...descriptor, size: -1 } }), /config.size/],
    [JSON.stringify({ config: { ...descriptor, size: 1e300 } }), /config.size/],
    [JSON.stringify({ config: descriptor, layers: {} }), /layers must be a list/],
    [JSON.stringify({ config: descriptor, layers: [1] }), /layers\[0\]/],
    [`{"config":${"[".repeat(10_000)}${"]".repeat(10_000)}}`, /config must be an object/],
  ])("refuses %s", (text, message) => {
    expect(() => parseManifest(text)).toThrow(message);
    expect(() => parseManifest(text)).toThrow(KataError);
  });
});

describe("parseImageConfig", () => {
  test("fills in what the image leaves out", () => {
    expect(parseImageConfig('{"architecture":"amd64","os":"linux"}')).toEqual({
      architecture: "amd64",
      os: "linux",
      created: undefined,
      user: "",
      env: [],
      entrypoint: [],
      cmd: [],
      workingDir: "",
      volumes: [],
      labels: {},
      stopSignal: undefined,
      exposedPorts: [],
    });
  });
  test("takes every field", () => {
    const config = {
      User: "app:web",
      Env: ["A=1"],
      Entrypoint: ["/init"],
      Cmd: null,
      WorkingDir: "/srv",
      Volumes: { "/data": {} },
      Labels: { "a.b": "c" },
      StopSignal: "SIGQUIT",
      ExposedPorts: { "80/tcp": {} },
    };
    expect(parseImageConfig(JSON.stringify({ architecture: "arm64", os: "linux", config }))).toMatchObject({
      user: "app:web",
      entrypoint: ["/init"],
      cmd: [],
      volumes: ["/data"],
      labels: { "a.b": "c" },
      stopSignal: "SIGQUIT",
      exposedPorts: ["80/tcp"],
    });
  });
  test("keeps prototypes clean", () => {
    const parsed = parseImageConfig('{"config":{"Labels":{"__proto__":"x","constructor":"y"}}}');
    expect(Object.keys(parsed.labels)).toEqual(["__proto__", "constructor"]);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
  test.each([
    '{"config":{"Env":"A=1"}}',
    '{"config":{"Env":["A\\u0000=1"]}}',
    '{"config":{"Cmd":[1]}}',
    '{"config":{"Labels":{"a":1}}}',
    '{"config":{"WorkingDir":{}}}',
    '{"config":[]}',
  ])("refuses %s and names the field", (text) => {
    expect(() => parseImageConfig(text)).toThrow(/config/);
  });
});

test("parseIndex reads annotations and throws nothing but KataError on any JSON", () => {
  const annotations = { "org.opencontainers.image.ref.name": "x" };
  expect(parseIndex(JSON.stringify({ manifests: [{ ...descriptor, annotations }] }))[0]?.annotations).toEqual(
    annotations,
  );
  fc.assert(
    fc.property(fc.json(), (text) => {
      for (const parse of [parseIndex, parseManifest, parseImageConfig]) {
        try {
          parse(text);
        } catch (error) {
          if (!(error instanceof KataError)) throw error;
        }
      }
    }),
  );
});

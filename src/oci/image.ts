/**
 * Image manifests and configurations, as far as running an image needs them (OCI image-spec 1.1: manifest.md,
 * config.md, image-index.md). Everything here comes from a registry or an archive: it is checked field by field.
 */
import { KataError } from "../base/error.ts";

/** Points at a blob by its digest. */
export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:<64 hex digits>`. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
}

/** One image for one platform. */
export interface ImageManifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** What a container of the image is to run. */
export interface ImageConfig {
  readonly architecture: string;
  readonly os: string;
  /** RFC 3339, as the image says; undefined when it does not. */
  readonly created: string | undefined;
  readonly user: string;
  /** `NAME=value` entries. */
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly workingDir: string;
  /** Paths in the container. */
  readonly volumes: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly stopSignal: string | undefined;
  readonly exposedPorts: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;
const maxEntries = 4096;

/** Reads an image index, also the `index.json` of a layout. Throws `data-loss` when it is none. */
export function parseIndex(text: string): readonly Descriptor[] {
  const index = object(parseJson(text, "image index"), "image index");
  return array(index.manifests, "manifests").map((entry, at) => parseDescriptor(entry, `manifests[${at}]`));
}

/** Reads a manifest. Throws `data-loss` that names the field at fault. */
export function parseManifest(text: string): ImageManifest {
  const manifest = object(parseJson(text, "image manifest"), "image manifest");
  return {
    config: parseDescriptor(manifest.config, "config"),
    layers: array(manifest.layers, "layers").map((layer, at) => parseDescriptor(layer, `layers[${at}]`)),
  };
}

/** Reads an image's configuration. Throws `data-loss` that names the field at fault. */
export function parseImageConfig(text: string): ImageConfig {
  const image = object(parseJson(text, "image configuration"), "image configuration");
  const config = optionalObject(image.config, "config");
  return {
    architecture: string(image.architecture, "architecture"),
    os: string(image.os, "os"),
    created: image.created === undefined ? undefined : string(image.created, "created"),
    user: string(config.User, "config.User"),
    env: strings(config.Env, "config.Env"),
    entrypoint: strings(config.Entrypoint, "config.Entrypoint"),
    cmd: strings(config.Cmd, "config.Cmd"),
    workingDir: string(config.WorkingDir, "config.WorkingDir"),
    volumes: keys(config.Volumes, "config.Volumes"),
    labels: stringMap(config.Labels, "config.Labels"),
    stopSignal: config.StopSignal === undefined ? undefined : string(config.StopSignal, "config.StopSignal"),
    exposedPorts: keys(config.ExposedPorts, "config.ExposedPorts"),
  };
}

function parseDescriptor(value: unknown, where: string): Descriptor {
  const descriptor = object(value, where);
  const digest = string(descriptor.digest, `${where}.digest`);
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) throw broken(`${where}.digest`, "must be sha256: and 64 hex digits");
  const size = descriptor.size;
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
    throw broken(`${where}.size`, "must be a number of bytes");
  }
  return {
    mediaType: string(descriptor.mediaType, `${where}.mediaType`),
    digest,
    size,
    annotations: stringMap(descriptor.annotations, `${where}.annotations`),
  };
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new KataError("data-loss", `The ${what} is not JSON`, { cause: error });
  }
}

function broken(field: string, rule: string): KataError {
  return new KataError("data-loss", `The image is broken: ${field} ${rule}`, { field });
}

function object(value: unknown, where: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw broken(where, "must be an object");
  return value as Json;
}

function optionalObject(value: unknown, where: string): Json {
  return value === undefined || value === null ? {} : object(value, where);
}

function array(value: unknown, where: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.length > maxEntries)
    throw broken(where, `must be a list of at most ${maxEntries}`);
  return value;
}

function string(value: unknown, where: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw broken(where, "must be text");
  if (value.includes("\0")) throw broken(where, "must not contain a NUL character");
  return value;
}

function strings(value: unknown, where: string): string[] {
  return array(value, where).map((entry, at) => string(entry, `${where}[${at}]`));
}

function keys(value: unknown, where: string): string[] {
  const names = Object.keys(optionalObject(value, where));
  if (names.length > maxEntries) throw broken(where, `must have at most ${maxEntries} entries`);
  return names.map((name) => string(name, where));
}

function stringMap(value: unknown, where: string): Readonly<Record<string, string>> {
  const entries = Object.entries(optionalObject(value, where));
  if (entries.length > maxEntries) throw broken(where, `must have at most ${maxEntries} entries`);
  // Object.fromEntries defines properties, so that a key `__proto__` stays a plain key.
  return Object.fromEntries(entries.map(([key, text]) => [key, string(text, `${where}.${key}`)]));
}

import { KataError } from "../base/error.ts";

/** An image's name, complete: docker's rules fill in what the user left out. */
export interface ImageReference {
  /** Host, with port if any: `docker.io`, `localhost:5000`. */
  readonly registry: string;
  /** `library/busybox`. */
  readonly repository: string;
  /** Absent when only a digest was given. */
  readonly tag: string | undefined;
  /** `sha256:<64 hex digits>`. */
  readonly digest: string | undefined;
}

/** Where an image is to come from. */
export type ImageSource =
  | { readonly kind: "registry"; readonly reference: ImageReference }
  /** `member` picks one image of several: a name in a docker archive, a tag in an OCI one. */
  | {
      readonly kind: "docker-archive" | "oci-archive" | "oci";
      readonly path: string;
      readonly member: string | undefined;
    }
  /** A file or directory of which nothing else is known yet. */
  | { readonly kind: "path"; readonly path: string };

const defaultRegistry = "docker.io";
const digestForm = /^sha256:[0-9a-f]{64}$/;
const component = /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*$/;
const hostForm = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;

/**
 * Reads what a user writes for an image: a name (`busybox`, `registry:5000/a/b:tag@sha256:...`), a transport with a
 * path (`docker-archive:x.tar`, `oci-archive:x.tar[:tag]`, `oci:dir[:tag]`), or a path that begins with `/`, `./` or
 * `../`. Throws `invalid-argument` that names the part at fault.
 */
export function parseSource(text: string): ImageSource {
  const transport = /^(docker-archive|oci-archive|oci|docker):/.exec(text)?.[1];
  if (transport === "docker")
    return { kind: "registry", reference: parseReference(text.replace(/^docker:(\/\/)?/, "")) };
  if (transport !== undefined) {
    const { path, member } = splitMember(text.slice(transport.length + 1));
    if (path === "") throw invalid(text, `needs a path: ${transport}:/path`);
    return { kind: transport as "docker-archive" | "oci-archive" | "oci", path, member };
  }
  if (/^\.{0,2}\//.test(text)) return { kind: "path", path: text };
  return { kind: "registry", reference: parseReference(text) };
}

/** skopeo's rule: the first colon of `path[:member]` ends the path. */
function splitMember(text: string): { path: string; member: string | undefined } {
  const colon = text.indexOf(":");
  return colon < 0 ? { path: text, member: undefined } : { path: text.slice(0, colon), member: text.slice(colon + 1) };
}

/** Reads an image's name as docker does. Throws `invalid-argument`. */
export function parseReference(text: string): ImageReference {
  if (text.length > 512) throw invalid(`${text.slice(0, 64)}...`, "is longer than 512 characters");
  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !digestForm.test(digest)) {
    throw invalid(text, "has a digest that is not sha256: and 64 hexadecimal digits");
  }
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(":");
  const hasTag = colon > named.lastIndexOf("/");
  const tag = hasTag ? named.slice(colon + 1) : undefined;
  if (tag !== undefined && !/^\w[\w.-]{0,127}$/.test(tag))
    throw invalid(text, `has a tag that is not allowed: "${tag}"`);
  const { registry, repository } = splitRegistry(hasTag ? named.slice(0, colon) : named);
  if (!hostForm.test(registry)) throw invalid(text, `has a registry that is no host name: "${registry}"`);
  if (repository === "" || !repository.split("/").every((part) => component.test(part))) {
    const upper = /[A-Z]/.test(repository) ? "; capitals are not allowed" : "";
    throw invalid(text, `has a repository that is not allowed: "${repository}"${upper}`);
  }
  return { registry, repository, tag: tag ?? (digest === undefined ? "latest" : undefined), digest };
}

function splitRegistry(name: string): { registry: string; repository: string } {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  // docker's rule: without a dot or colon the first part is a host only when it is "localhost" or has capitals.
  const isHost = /[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase();
  if (isHost && first !== "index.docker.io") {
    const rest = name.slice(slash + 1);
    return { registry: first, repository: first === defaultRegistry && !rest.includes("/") ? `library/${rest}` : rest };
  }
  const repository = first === "index.docker.io" ? name.slice(slash + 1) : name;
  return { registry: defaultRegistry, repository: repository.includes("/") ? repository : `library/${repository}` };
}

/** The complete name: `docker.io/library/busybox:latest`. One image has one such name, so it is the key of the store. */
export function canonicalName(reference: ImageReference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  const digest = reference.digest === undefined ? "" : `@${reference.digest}`;
  return `${reference.registry}/${reference.repository}${tag}${digest}`;
}

/** What people call it: `busybox:latest`, `localhost:5000/app:1`. */
export function familiarName(canonical: string): string {
  return canonical.replace(/^docker\.io\/(library\/)?/, "");
}

/** Whether a registry is on this machine: then plain HTTP is acceptable without being asked for, as in docker. */
export function isLoopback(registry: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/.test(registry);
}

function invalid(text: string, rule: string): KataError {
  return new KataError("invalid-argument", `Image name ${JSON.stringify(text)} ${rule}`, {
    stage: "prepare-image",
    field: "image",
  });
}

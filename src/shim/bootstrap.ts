import { utf8Encode } from "../base/bytes.ts";
import { KataError } from "../base/error.ts";
import { BootstrapParams, BootstrapResult } from "../wire/gen/containerd/bootstrap/v1/bootstrap.ts";
import { Any } from "../wire/gen/google/protobuf/any.ts";
import { configPath } from "./config-path.ts";
import { noInput, type StartInput } from "./start-input.ts";

/** The version of the task API that an answer with a version promises. */
const TASK_API = 3;
/** The hashes that sockets are named by leave this much of sun_path (unix(7)). */
const MAX_SOCKET_DIR = 107 - 65;

/**
 * Reads what containerd wrote to standard input: from 2.3 on BootstrapParams, which repeat the id and the namespace of the
 * command line, and before that the runtime options alone. Both are protobuf (containerd's comments on BootstrapParams say
 * JSON, which no release sent). Bytes that are neither are ignored, as by every older shim. Throws KataError
 * `invalid-argument` for a directory that cannot hold the socket, and for options as `configPath` does.
 */
export function parseStartInput(
  bytes: Uint8Array,
  args: { readonly id: string; readonly namespace: string },
): StartInput {
  const params = decode(BootstrapParams, bytes);
  if (params !== undefined && params.instanceId === args.id && params.namespace === args.namespace) {
    return {
      answer: "protobuf",
      configPath: params.extensions.map(({ value }) => pathOf(value)).find((path) => path !== "") ?? "",
      debug: params.logLevel < 0,
      socketDir: checkedDirectory(params.socketDir ?? ""),
      eventsAddress: params.containerdTtrpcAddress,
    };
  }
  // The two messages look alike on the wire, so the first one is only believed by what it repeats.
  return { ...noInput, configPath: pathOf(decode(Any, bytes)) };
}

/** The answer of `start`, in the form that the caller understands. */
export function startAnswer(address: string, form: StartInput["answer"]): Uint8Array {
  if (form === "plain") return utf8Encode(address);
  const result = { version: TASK_API, address, protocol: "ttrpc" };
  return BootstrapResult.encode(BootstrapResult.create(result)).finish();
}

function decode<T>(type: { decode(bytes: Uint8Array): T }, bytes: Uint8Array): T | undefined {
  try {
    return type.decode(bytes);
  } catch {
    return undefined;
  }
}

function pathOf(options: Any | undefined): string {
  try {
    return configPath(options);
  } catch (error) {
    if (KataError.from(error).code === "unimplemented") throw error;
    // Somebody else's options by the name of ours: the create request carries them too, and its error is seen.
    return "";
  }
}

function checkedDirectory(directory: string): string | undefined {
  if (directory === "") return undefined;
  if (!directory.startsWith("/") || directory.split("/").includes("..") || directory.length > MAX_SOCKET_DIR) {
    throw new KataError(
      "invalid-argument",
      `The directory of sockets must be absolute and at most ${MAX_SOCKET_DIR} bytes long, got ${JSON.stringify(directory.slice(0, 200))}`,
      { field: "socket_dir" },
    );
  }
  return directory;
}

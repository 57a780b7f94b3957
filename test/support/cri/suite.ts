import { afterAll, afterEach, beforeAll, beforeEach, describe } from "vitest";
import { type ContainerdVersion, chosenOf } from "../containerd-version.ts";
import { expectNoLeaks, type HostSnapshot, snapshotHost } from "../leak-check.ts";
import { CriHost, type Handler } from "./cri-host.ts";
import type { Pod, PodOptions } from "./pod.ts";

/** What a scenario is run with. */
export interface CriSuite {
  readonly host: CriHost;
  readonly handler: Handler;
  readonly version: ContainerdVersion;
  /** Runs a pod with the handler in question. */
  runPod(options?: PodOptions): Promise<Pod>;
}

/** How the pods are made; with another sandboxer, runc proves nothing new. */
export interface SuiteOptions {
  readonly sandboxer?: "podsandbox" | "shim";
  readonly handlers?: readonly Handler[];
}

/** The release with which the whole set of scenarios runs; the others get the core set. */
export const fullSetVersion: ContainerdVersion = "1.7";

/**
 * Runs scenarios with real pods: for each release, with runc to prove the scenarios and then with kata. Pods that a
 * scenario leaves are removed, and afterwards the host and the node's network are as they were.
 */
export function criSuite(
  versions: readonly ContainerdVersion[],
  define: (suite: CriSuite) => void,
  options: SuiteOptions = {},
): void {
  const { handlers = ["runc", "kata"], ...hostOptions } = options;
  const how = options.sandboxer === undefined ? "" : `, sandboxer ${options.sandboxer}`;
  describe.each(chosenOf(versions))(`containerd %s${how}`, (version) => {
    let running: CriHost | undefined;
    const host = (): CriHost => {
      if (running === undefined) throw new Error("containerd does not run");
      return running;
    };
    beforeAll(async () => {
      running = await CriHost.start(version, hostOptions);
    });
    afterAll(async () => {
      await running?.stop();
    });

    describe.each(handlers)("%s", (handler) => {
      let before: HostSnapshot;
      beforeAll(() => {
        before = snapshotHost();
      });
      let logged = 0;
      beforeEach(() => {
        logged = host().containerd.log().length;
      });
      afterEach(({ task }) => {
        if (task.result?.state === "fail") console.log(interestingLines(host().containerd.log().slice(logged)));
      });
      afterAll(async () => {
        await host().removePods();
        await expectNoLeaks(before, { settleMs: 10_000 });
        expectQuietNode(host());
      });
      define({
        get host() {
          return host();
        },
        handler,
        version,
        runPod: (pod) => host().runPod(handler, pod),
      });
    });
  });
}

/** Without pods, the node has no interface but the bridge, and no socket of ours. */
function expectQuietNode(host: CriHost): void {
  const links = host.node.links().filter((name) => name !== "lo" && name !== "cni0");
  const sockets = host.node.unixSockets().filter((name) => !name.startsWith(host.directory));
  if (links.length + sockets.length > 0) throw new Error(`The node is not quiet: ${[...links, ...sockets].join(", ")}`);
}

function interestingLines(log: string): string {
  return log
    .split("\n")
    .filter((line) => /level=(warning|error|fatal)|sandbox=/.test(line))
    .map((line) => line.slice(0, 500))
    .slice(-20)
    .join("\n");
}

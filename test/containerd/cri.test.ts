import { containerdVersions } from "../support/containerd.ts";
import { coreScenarios } from "../support/cri/core-scenarios.ts";
import { criSuite } from "../support/cri/suite.ts";

// runc comes first and proves the scenarios. By the sandbox API, containerd 2.1 runs no pause container at all.

criSuite(containerdVersions, coreScenarios);
criSuite(["2.1"], coreScenarios, { sandboxer: "shim", handlers: ["kata"] });

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["src/**/*.test.ts", "tools/**/*.test.ts"], environment: "node" } },
      { test: { name: "conformance", include: ["test/conformance/**/*.test.ts"], testTimeout: 60_000 } },
      { test: { name: "repo", include: ["test/repo/**/*.test.ts"], testTimeout: 60_000 } },
      {
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts", "test/fault/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "containerd",
          include: ["test/containerd/**/*.test.ts"],
          globalSetup: "test/support/containerd-setup.ts",
          testTimeout: 300_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "core-scheduling",
          include: ["test/core-scheduling/**/*.test.ts"],
          testTimeout: 300_000,
        },
      },
      {
        test: {
          name: "soak",
          include: ["test/soak/**/*.test.ts"],
          testTimeout: 24 * 3600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});

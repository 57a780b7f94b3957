import { describe, expect, test } from "vitest";
import { KataError } from "../base/error.ts";
import { renderMetrics } from "../base/prometheus.ts";
import { parseMonitorArgs } from "./args.ts";
import { type ProcessFiles, processMetrics } from "./process-metrics.ts";

const files: ProcessFiles = {
  status: "Name:\tshim\nVmRSS:\t    2048 kB\nVmHWM:\t    4096 kB\nThreads:\t1\n",
  stat: "77 (a (b) c) S 1 77 77 0 -1 0 0 0 0 0 11 22 33 44 20 0 1 0 5 0",
  io: "rchar: 10\nwrite_bytes: 4096\n",
  descriptors: 9,
};

describe("processMetrics()", () => {
  test("uses upstream's names and one block for each", () => {
    const text = renderMetrics(
      processMetrics([
        { sandboxId: "a", role: "shim", files },
        { sandboxId: "b", role: "shim", files },
      ]),
    );
    expect(text).toContain('kata_shim_threads{sandbox_id="a"} 1\nkata_shim_threads{sandbox_id="b"} 1\n');
    expect(text).toContain('kata_shim_proc_status{item="vmrss",sandbox_id="a"} 2097152\n');
    expect(text).toContain('kata_shim_proc_stat{item="utime",sandbox_id="a"} 11\n');
    expect(text).toContain('kata_shim_proc_stat{item="cstime",sandbox_id="a"} 44\n');
    expect(text).toContain('kata_shim_io_stat{item="writebytes",sandbox_id="b"} 4096\n');
    expect(text).toContain('kata_shim_fds{sandbox_id="b"} 9\n');
    expect(text.match(/# TYPE kata_shim_threads /g)).toHaveLength(1);
    expect(text).not.toContain("kata_hypervisor_");
  });

  test("leaves out what /proc did not say", () => {
    const nothing: ProcessFiles = { status: "", stat: "", io: "", descriptors: 0 };
    const text = renderMetrics(processMetrics([{ sandboxId: "a", role: "virtiofsd", files: nothing }]));
    expect(text.split("\n").filter((line) => !line.startsWith("#"))).toEqual([
      'kata_virtiofsd_fds{sandbox_id="a"} 0',
      "",
    ]);
  });
});

describe("parseMonitorArgs()", () => {
  test.each([
    [[], { action: "serve", host: "127.0.0.1", port: 8090, level: "info" }],
    [["--listen-address", "[::1]:9"], { action: "serve", host: "::1", port: 9, level: "info" }],
    [["-listen-address=:80", "--log-level=debug"], { action: "serve", host: "0.0.0.0", port: 80, level: "debug" }],
    [["--help"], { action: "help" }],
    [["-version"], { action: "version" }],
  ])("reads %j", (argv, expected) => {
    expect(parseMonitorArgs(argv)).toEqual(expected);
  });

  test.each([
    [["--listen-address", "localhost:80"], "localhost:80"],
    [["--listen-address", "127.0.0.1:99999"], "99999"],
    [["--listen-address"], "needs a value"],
    [["--log-level", "loud"], "loud"],
    [["serve"], "serve"],
  ])("refuses %j and says why", (argv, word) => {
    expect(() => parseMonitorArgs(argv)).toThrow(KataError);
    expect(() => parseMonitorArgs(argv)).toThrow(word);
  });
});

import { closeSync, constants, openSync, readSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Stream, until } from "../support/shim-host.ts";
import { useShimHost } from "../support/shim-test.ts";

const { host, nextId } = useShimHost("shim-stdio");

/** Writes the numbers from 1 on, a line each, as fast as they are taken. */
const counter = ["sh", "-c", "echo ready >&2; exec seq 1 1000000000"];

/** The numbers of the complete lines of a counter's output. */
function numbers(output: string): number[] {
  return output
    .slice(0, Math.max(output.lastIndexOf("\n"), 0))
    .split("\n")
    .map(Number);
}

describe("output", () => {
  test("that nobody takes holds the process up, nothing else; it goes on where it was; a kill ends it", async () => {
    const id = nextId();
    const container = await host().run(id, { args: counter });
    const reader = container.stdout;
    if (reader === undefined) throw new Error("No standard output");
    await until(() => reader.bytes > 0, 30_000, "output");
    reader.socket.pause();
    const cpuTime = async () => (await container.exec(["cut", "-d", " ", "-f", "14,15", "/proc/1/stat"])).stdout;
    let before = "";
    let now = await cpuTime();
    for (let tries = 0; now !== before && tries < 60; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      before = now;
      now = await cpuTime();
    }
    expect(now).toBe(before);
    // The other output was not held up.
    expect(container.stderr?.text).toBe("ready\n");

    const taken = reader.bytes;
    reader.socket.resume();
    await until(() => reader.bytes > taken + (1 << 20), 60_000, "the rest of the output");
    reader.socket.pause();
    const seen = numbers(reader.text);
    expect(seen).toEqual(seen.map((_, index) => index + 1));

    await container.task.kill({ id, execId: "", signal: 9, all: true });
    expect(await container.wait()).toBe(137);
    await container.end();
  });

  test("waits for the next reader when one goes away", async () => {
    const id = nextId();
    const container = await host().run(id, { args: counter });
    await until(() => (container.stdout?.bytes ?? 0) > 0, 30_000, "output");
    container.stdout?.socket.destroy();
    await container.stdout?.ended;
    const first = numbers(container.stdout?.text ?? "").length;

    const read = () => {
      const fd = openSync(container.request.stdout, constants.O_RDONLY | constants.O_NONBLOCK);
      const buffer = Buffer.alloc(1 << 16);
      const text = buffer.toString("utf8", 0, readSync(fd, buffer));
      closeSync(fd);
      return text;
    };
    // Two readers, one after the other, each of which takes a part and leaves: they continue each other.
    let text = "";
    for (let count = 0; count < 2; count++) {
      let part = "";
      const arrived = () => {
        part = attempt(read);
        return part !== "";
      };
      await until(arrived, 30_000, "output for a later reader");
      text += part;
    }
    const lines = numbers(text.slice(text.indexOf("\n") + 1));
    expect(lines.length).toBeGreaterThan(100);
    expect(lines[0]).toBeGreaterThan(first);
    expect(lines).toEqual(lines.map((_, index) => (lines[0] ?? 0) + index));

    const last = new Stream(container.request.stdout);
    await container.task.kill({ id, execId: "", signal: 9, all: true });
    expect(await container.wait()).toBe(137);
    await last.ended;
    await container.end();
  });

  test("of twenty short execs arrives whole, to the last byte", async () => {
    const id = nextId();
    const container = await host().run(id, { args: ["sleep", "1000"] });
    const script = "i=0; while [ $i -lt 500 ]; do i=$((i+1)); echo line $i; done; echo error >&2; exit 6";
    const stdout = Array.from({ length: 500 }, (_, index) => `line ${index + 1}\n`).join("");
    for (let count = 0; count < 20; count++) {
      expect(await container.exec(["sh", "-c", script])).toEqual({ code: 6, stdout, stderr: "error\n" });
    }
    await container.end();
  });
});

describe("input", () => {
  test("that ended before the process ran is all read", async () => {
    const id = nextId();
    const container = await host().prepare(id, { args: ["sha256sum"], stdin: true });
    await container.create();
    await container.write("early\n");
    await container.closeInput();
    await container.task.start({ id, execId: "" });
    expect(await container.wait()).toBe(0);
    await container.stdout?.ended;
    // printf 'early\n' | sha256sum
    expect(container.stdout?.text).toBe("1925258482b3f0de16a25dfabbbc729dccb3be00573ef48e0f687afc252bb44b  -\n");
    await container.end();
  });

  test("that is closed before the process reads it is all read", async () => {
    const id = nextId();
    const container = await host().run(id, { args: ["sh", "-c", "sleep 1; wc -c"], stdin: true });
    const writing = container.write(Buffer.alloc(1 << 20));
    await container.task.closeIO({ id, execId: "", stdin: true });
    await writing;
    await container.closeInput();
    expect(await container.wait()).toBe(0);
    await container.stdout?.ended;
    expect(container.stdout?.text).toBe(`${1 << 20}\n`);
    await container.end();
  });

  test("that the process does not read holds up the writer, nothing else", async () => {
    const id = nextId();
    const container = await host().run(id, { args: ["sleep", "1000"], stdin: true });
    let written = false;
    void container.write(Buffer.alloc(16 << 20)).then(() => {
      written = true;
    });
    for (let count = 0; count < 3; count++) expect((await container.exec(["echo", "here"])).stdout).toBe("here\n");
    expect(written).toBe(false);
    await container.task.kill({ id, execId: "", signal: 9, all: true });
    expect(await container.wait()).toBe(137);
    await container.end();
  });
});

/** Empty when there is nothing to read. */
function attempt(read: () => string): string {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return "";
    throw error;
  }
}

import fc from "fast-check";
import { expect, test } from "vitest";
import { concatBytes } from "../base/bytes.ts";
import { ByteCollector } from "./byte-collector.ts";

test("ByteCollector gives back what it was given, again and again", () => {
  const rounds = fc.array(fc.array(fc.uint8Array({ maxLength: 600 })));
  fc.assert(
    fc.property(rounds, (lists) => {
      const collector = new ByteCollector();
      const taken = lists.map((pieces) => {
        for (const piece of pieces) collector.append(piece);
        expect(collector.length).toBe(concatBytes(pieces).length);
        return collector.take();
      });
      expect(taken.map((bytes) => [...bytes])).toEqual(lists.map((pieces) => [...concatBytes(pieces)]));
    }),
  );
});

test("ByteCollector takes a million single bytes in little memory and time", () => {
  const collector = new ByteCollector();
  const byte = Uint8Array.of(7);
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 1 << 20; i++) collector.append(byte);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20);
  expect(collector.take()).toHaveLength(1 << 20);
});

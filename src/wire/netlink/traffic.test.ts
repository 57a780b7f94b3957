import { expect, test } from "vitest";
import { encodeRequest } from "./message.ts";
import { decodeIngressQdisc, encodeIngressQdisc, encodeQdiscDump, encodeRedirect } from "./traffic.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

test("an ingress qdisc is asked for in the bytes of  tc qdisc add dev 5 ingress", () => {
  expect(hex(encodeRequest(36, 0x604, 1, encodeIngressQdisc(5)))).toBe(
    `30000000${"2400"}${"0506"}0100000000000000` +
      `00000000${"05000000"}${"0000ffff"}${"f1ffffff"}00000000` +
      `0c000100${Buffer.from("ingress\0").toString("hex")}`,
  );
});

test("a redirection is that of  tc filter add dev 5 ingress prio 1 protocol all u32 match u8 0 0 action mirred egress redirect dev 9", () => {
  expect(hex(encodeRedirect(5, 9))).toBe(
    `00000000${"05000000"}${"00000000"}${"0000ffff"}${"00030100"}` +
      `08000100${Buffer.from("u32\0").toString("hex")}` +
      // TCA_OPTIONS: a selector with one key that matches everything, and one action.
      `60000280` +
      `24000500${"01000100"}${"00".repeat(28)}` +
      `38000780` +
      `34000180` +
      `0b000100${Buffer.from("mirred\0").toString("hex")}00` +
      `24000280` +
      // struct tc_mirred: stolen, egress redirection, link 9.
      `20000200${"00000000"}${"00000000"}${"04000000"}${"00000000"}${"00000000"}${"01000000"}${"09000000"}`,
  );
});

test("an ingress qdisc is known by its parent", () => {
  expect(decodeIngressQdisc(encodeIngressQdisc(5))).toBe(5);
  expect(decodeIngressQdisc(encodeQdiscDump())).toBeUndefined();
  expect(decodeIngressQdisc(encodeIngressQdisc(5).subarray(0, 14))).toBeUndefined();
});

import { expect, test } from "../../../test/native/runner.ts";
import { digestForGuest, initdataDigest } from "./digest.ts";
import { readInitdata } from "./initdata.ts";

// gzip -9 of a document, and what sha512sum says of it.
const value =
  "H4sIAAAAAAACAytLLSrOzM9TsFVQMtAz1DNQ4krMSc8vyizJyAWJFWckmhoaKXFxRackliTGcikV5OdkJlfqFaWm5yuBFBQkJmcnpqcqAHFeSTxEVokLAEAcKvFWAAAA";
const digest = "+3JrJr/DcwPfVSUqO32ddK2Wi8KuUiqYWVz/+XT6YhykmGNz//rwzjW99cj3dfk54kQzAMQRYuB9JMzXxJbmDw==";

test("initdata are read and measured by the native engine as by Node", () => {
  const initdata = readInitdata(value);
  expect(initdata?.data.get("policy.rego")).toBe("package agent_policy");
  expect(digestForGuest(initdataDigest(initdata?.document ?? new Uint8Array(0), "sha512"), "cca")).toBe(digest);
});

test("initdata that are not UTF-8 are refused by the native engine, too", () => {
  // gzip of the bytes ff fe.
  expect(() => readInitdata("H4sIAAAAAAACA/v/DwCWMPiIAgAAAA==")).toThrow("not UTF-8");
});

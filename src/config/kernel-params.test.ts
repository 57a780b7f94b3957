import { expect, test } from "vitest";
import { splitKernelParams } from "./kernel-params.ts";

test.each([
  ["", []],
  ["  a  b=1\tc ", ["a", "b=1", "c"]],
  ['dyndbg="file drivers/usb/* +p" quiet', ['dyndbg="file drivers/usb/* +p"', "quiet"]],
  ['"a b"=c d', ['"a b"=c', "d"]],
  ['open="x y', ['open="x y']],
])("splitKernelParams(%j)", (text, words) => {
  expect(splitKernelParams(text)).toEqual(words);
});

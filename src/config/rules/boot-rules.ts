import { KataError } from "../../base/error.ts";
import { parseVerityParams } from "../kernel-params/verity.ts";
import type { Rule } from "./rule.ts";

const lowerFirst = (text: string) => text.slice(0, 1).toLowerCase() + text.slice(1);

/** What the guest boots from. */
export const bootRules: readonly Rule[] = [
  {
    key: "~image",
    with: ["~initrd"],
    broken: ({ hypervisor: { image, initrd } }) =>
      image !== "" && initrd !== "" && `excludes initrd, which is "${initrd}": set one of the two to ""`,
  },
  {
    key: "~initrd",
    with: ["~image", "~confidential_guest"],
    broken: ({ hypervisor: { image, initrd, confidential_guest: confidential }, type }) =>
      type !== "remote" &&
      // The kernel of a Secure Execution guest has everything in it.
      !confidential &&
      image === "" &&
      initrd === "" &&
      "must be set, unless image is: the guest needs one of the two",
  },
  {
    key: "~kernel_verity_params",
    with: ["~image"],
    broken: ({ hypervisor }) =>
      hypervisor.kernel_verity_params !== "" && hypervisor.image === "" && "needs an image: an initrd has no dm-verity",
  },
  {
    key: "~kernel_verity_params",
    broken({ hypervisor }) {
      try {
        parseVerityParams(hypervisor.kernel_verity_params);
        return false;
      } catch (error) {
        // The key stands before the rule already.
        return lowerFirst(KataError.from(error).message.replace(/^kernel_verity_params:? /, ""));
      }
    },
  },
  {
    key: "~firmware_volume",
    with: ["~firmware"],
    broken: ({ hypervisor }) => hypervisor.firmware_volume !== "" && hypervisor.firmware === "" && "needs firmware",
  },
  {
    key: "~pflashes",
    broken: ({ hypervisor: { pflashes }, host }) =>
      host.arch === "arm64" &&
      pflashes.length !== 0 &&
      pflashes.length !== 2 &&
      `must name exactly two files on arm64, not ${pflashes.length}`,
  },
];

import type { FilesPort } from "../../sys/port/files.ts";
import { Copier } from "../copy/copier.ts";
import { planCopy } from "../copy/plan.ts";
import type { AgentHandlers } from "./handlers.ts";

/** Files that the host sends when there is no shared file system. */
export function copyRpcs({ sys }: { readonly sys: FilesPort }): AgentHandlers {
  const copier = new Copier(sys);
  return {
    copyFile(request) {
      copier.copy(planCopy(request));
      return {};
    },
  };
}

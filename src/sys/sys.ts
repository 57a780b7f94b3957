import type { FilesPort } from "./port/files.ts";
import type { MountsPort } from "./port/mounts.ts";
import type { PollPort } from "./port/poll.ts";
import type { ProcessesPort } from "./port/processes.ts";
import type { SocketsPort } from "./port/sockets.ts";
import type { SystemPort } from "./port/system.ts";
import type { TerminalsPort } from "./port/terminals.ts";

/**
 * Linux as this project sees it. The real one (`linux.ts`) calls the C bridge; `fake.ts` is an in-memory one for
 * tests. Take the narrowest part that a function needs: `FilesPort` rather than `Sys`.
 */
export interface Sys extends FilesPort, MountsPort, ProcessesPort, SocketsPort, TerminalsPort, SystemPort, PollPort {}

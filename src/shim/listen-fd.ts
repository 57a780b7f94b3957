/** The descriptor at which a serving shim finds its listening socket. */
export const LISTEN_FD = 3;

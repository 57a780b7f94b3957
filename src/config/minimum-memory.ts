/**
 * Less than this and the guest's kernel has no room to unpack its initrd and start the agent; 80 MiB boot with nothing to spare.
 */
export const minimumMemoryMib = 96;

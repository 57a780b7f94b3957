import type { OutputSink } from "./sink.ts";

/** Bytes asked for at once: the agent answers with what a pipe holds, so more would not help. */
const CHUNK_BYTES = 1024 * 1024;
/** Chunks of at least this size show that the process writes as fast as it can, ... */
const STREAM_BYTES = 32 * 1024;
/** ... smaller ones than this that it does not. */
const TRICKLE_BYTES = 4 * 1024;

/**
 * Copies an output of a process to a sink until its end. One read is under way while little comes: most processes say
 * nothing, and each read is work for the guest. For a stream it becomes up to `mostReads`, so that the guest prepares the
 * next chunks while this one is written. A sink that does not take its chunk holds up the reads, and so the process. `read`
 * must answer in the order of the calls. Rejects with the error of a read.
 */
export async function pumpOutput(
  read: (length: number) => Promise<Uint8Array>,
  sink: OutputSink,
  mostReads: number,
): Promise<void> {
  const underWay: Promise<Uint8Array>[] = [];
  let wanted = 1;
  const ask = () => {
    while (underWay.length < wanted) {
      const chunk = read(CHUNK_BYTES);
      // An error of a later read is of no interest once an earlier one failed.
      chunk.catch(() => {});
      underWay.push(chunk);
    }
  };
  ask();
  for (let next = underWay.shift(); next !== undefined; next = underWay.shift()) {
    const chunk = await next;
    if (chunk.length === 0) return;
    await sink.write(chunk);
    if (chunk.length >= STREAM_BYTES) wanted = Math.min(mostReads, wanted + 1);
    else if (chunk.length < TRICKLE_BYTES) wanted = Math.max(1, wanted - 1);
    ask();
  }
}

/** /etc/hosts of a container without a network: its own name and localhost. */
export function renderHosts(hostname: string): string {
  return `127.0.0.1\tlocalhost ${hostname}\n::1\tlocalhost ip6-localhost ip6-loopback\n`;
}

/**
 * /etc/resolv.conf for the container: the host's, without name servers on the host's own loopback, which nobody answers
 * inside the VM.
 */
export function renderResolvConf(host: string): string {
  const lines = host
    .split("\n")
    .filter((line) => !/^\s*([#;]|$)/.test(line))
    .filter((line) => !/^\s*nameserver\s+(127\.|::1|0\.0\.0\.0)/.test(line));
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

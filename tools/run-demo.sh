#!/usr/bin/env bash
# `make run`: one container in a VM, from the image that the build made. Prints the guest's kernel beside the host's.
set -euo pipefail
cd "$(dirname "$0")/.."

ctl=out/bin/kata-ctl
"$ctl" images --format '{{.Name}}' 2>/dev/null | grep -qx 'busybox' || "$ctl" pull --name busybox "oci-archive:$PWD/out/images/busybox.tar" >/dev/null

echo "host:      Linux $(uname -r)"
echo "+ kata-ctl run --rm busybox sh -c 'echo \"container: \$(uname -sr), \$(nproc) CPU, PID \$\$\"'"
"$ctl" run --rm busybox sh -c 'echo "container: $(uname -sr), $(nproc) CPU, PID $$"'

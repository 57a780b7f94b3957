#!/usr/bin/env bash
# Builds the kernel for the test of core scheduling, which no kernel of Debian has: its source with kernel.config beside this
# file, and nothing else. Prints the path of the ELF file. Takes some minutes and 140 MB of download the first time.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
root=$here/../..
cache=${KATA_CACHE_DIR:-$root/out/cache}
directory=$cache/core-scheduling
kernel=$directory/vmlinux-$(cat "$here/kernel.config" "$0" | sha256sum | cut -c1-16)

mkdir -p "$directory"
exec 9>"$directory/lock"
flock 9
if [ ! -e "$kernel" ]; then
  work=$(mktemp -d "$directory/work.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  "$root/tools/apt/fetch-deb.sh" --follow --into "$work" --cache "$cache/apt" linux-source >&2
  tar -xJf "$work"/usr/src/linux-source-*.tar.xz -C "$work"
  cd "$work"/linux-source-*/
  make -s KCONFIG_ALLCONFIG="$here/kernel.config" allnoconfig >&2
  if missing=$(grep '^CONFIG' "$here/kernel.config" | grep -vxFf .config); then
    echo "build-kernel: error: this kernel does not know $missing" >&2
    exit 1
  fi
  make -s -j"$(nproc)" vmlinux >&2
  strip -o "$work/vmlinux" vmlinux
  mv "$work/vmlinux" "$kernel"
fi
echo "$kernel"

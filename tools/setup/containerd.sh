#!/usr/bin/env bash
# Unpacks the containerd releases that the tests drive: 1.6 (Debian 12), 1.7 (trixie) and 2.1 or newer (sid), each below
# `<cache>/containerd/<version>`. Nothing is installed. Does nothing, and needs no network, when all are there.
#
# runc and the CNI plugins come from Debian 12 and stand in the directory of 1.6: later ones need a newer libc.
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
cache=${KATA_CACHE_DIR:-$(cd "$here/../.." && pwd)/out/cache}/containerd

fetch() { # suite version package...
  local suite=$1 version=$2 tries
  shift 2
  for tries in 1 2 3; do
    "$here/../apt/fetch-deb.sh" --suite "$suite" --into "$cache/$version" "$@" && return
    sleep "$tries"
  done
  echo "setup: error: containerd $version cannot be fetched from $suite" >&2
  return 1
}

fetch own 1.6 containerd runc containernetworking-plugins
fetch trixie 1.7 containerd
fetch sid 2.1 containerd

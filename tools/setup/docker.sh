#!/usr/bin/env bash
# Unpacks the Docker releases that the tests drive: 26 (Debian trixie) and 28 or newer (sid), each below
# `<cache>/docker/<version>`. Nothing is installed. Does nothing, and needs no network, when they are there. containerd and
# runc come from tools/setup/containerd.sh.
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
cache=${KATA_CACHE_DIR:-$(cd "$here/../.." && pwd)/out/cache}/docker

fetch() { # suite version
  local tries
  for tries in 1 2 3; do
    "$here/../apt/fetch-deb.sh" --suite "$1" --into "$cache/$2" docker.io docker-cli && return
    sleep "$tries"
  done
  echo "setup: error: Docker $2 cannot be fetched from $1" >&2
  return 1
}

fetch trixie 26
fetch sid 28

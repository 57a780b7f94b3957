#!/usr/bin/env bash
# Unpacks the Docker release that the tests drive, 26 of Debian trixie, below `<cache>/docker`. Nothing is installed. Does
# nothing, and needs no network, when it is there. containerd and runc come from tools/setup/containerd.sh.
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
cache=${KATA_CACHE_DIR:-$(cd "$here/../.." && pwd)/out/cache}/docker

for tries in 1 2 3; do
  "$here/../apt/fetch-deb.sh" --suite trixie --into "$cache" docker.io docker-cli && exit
  sleep "$tries"
done
echo "setup: error: Docker cannot be fetched from trixie" >&2
exit 1

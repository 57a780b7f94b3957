#!/usr/bin/env bash
# Builds the demo image "busybox" from Debian's busybox-static package: no registry needed. `demo-image.sh --help`.
#
# The layout is written directly (one layer, the configuration, the manifest, the index), so that owners, times and order are
# fixed: the same package gives the same image, byte for byte.
set -Eeuo pipefail
export LC_ALL=C TZ=UTC
umask 022

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)

usage() {
  cat <<'TEXT'
Usage: demo-image.sh [--busybox PATH] OUTPUT

Build a small OCI image (busybox with its applets, user root, Cmd sh) at OUTPUT: an OCI archive if OUTPUT ends
in .tar, else an OCI layout directory. What was there is replaced.

Options:
  --busybox PATH  Static busybox to use. Default: the one of the installed package busybox-static, else the
                  package is fetched
  --help          Show this text
TEXT
}

die() { # message [hint [status]]
  printf 'demo-image: error: %s\n' "$1" >&2
  if [ -n "${2:-}" ]; then printf '  hint    %s\n' "$2" >&2; fi
  exit "${3:-1}"
}
trap 'die "line $LINENO failed unexpectedly" "run it with bash -x, and report it"' ERR

busybox="" output=""
while [ $# -gt 0 ]; do
  case $1 in
    --busybox) [ $# -ge 2 ] || die "option $1 needs a value" "see demo-image.sh --help" 2; busybox=$2; shift ;;
    --help | -h) usage; exit 0 ;;
    -*) die "unknown option $1" "see demo-image.sh --help" 2 ;;
    *) [ -z "$output" ] || die "more than one output named" "see demo-image.sh --help" 2; output=$1 ;;
  esac
  shift
done
[ -n "$output" ] || die "no output named" "see demo-image.sh --help" 2

mkdir -p "$(dirname "$output")"
output=$(cd "$(dirname "$output")" && pwd)/$(basename "$output")
if [ -d "$output" ]; then
  [ -f "$output/oci-layout" ] || [ -z "$(ls -A "$output")" ] || die "$output is a directory that holds no OCI layout" "name another output, or remove it"
fi
work=$(mktemp -d "$(dirname "$output")/.demo-image.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

if [ -z "$busybox" ]; then
  if dpkg-query --show --showformat='${db:Status-Abbrev}' busybox-static 2>/dev/null | grep -q '^ii'; then
    busybox=$(dpkg-query --listfiles busybox-static | grep -x '\(/usr\)\{0,1\}/bin/busybox')
  else
    "$here/../tools/apt/fetch-deb.sh" --into "$work/package" busybox-static
    busybox=$work/package/bin/busybox
    [ -e "$busybox" ] || busybox=$work/package/usr/bin/busybox
  fi
fi
[ -f "$busybox" ] && [ -x "$busybox" ] || die "$busybox is not a program"

# --- the root file system -------------------------------------------------------------------------

rootfs=$work/rootfs
mkdir -p "$rootfs"/{bin,dev,etc,proc,root,run,sbin,sys,tmp,usr/bin,usr/sbin,var/tmp}
chmod 1777 "$rootfs/tmp" "$rootfs/var/tmp"
chmod 700 "$rootfs/root"
install -m 755 "$busybox" "$rootfs/bin/busybox"
"$busybox" --list >"$work/applets" || die "$busybox does not list its applets" "it must be busybox"
# busybox lists itself too, and a link over the binary would destroy it. One process makes all the links.
(cd "$rootfs/bin" && grep -vx busybox "$work/applets" | xargs sh -c 'for applet; do ln -s busybox "$applet"; done' sh)
cat >"$rootfs/etc/passwd" <<'TEXT'
root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/bin/false
TEXT
cat >"$rootfs/etc/group" <<'TEXT'
root:x:0:
nogroup:x:65534:
TEXT

# --- the layout -----------------------------------------------------------------------------------

layout=$work/layout
blobs=$layout/blobs/sha256
mkdir -p "$blobs"
pack() { tar --create --directory "$1" --format=ustar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner "${@:2}"; }
digest() { sha256sum "$1" | cut -d' ' -f1; }
add_blob() { # file: moves it to its place and prints its descriptor without the media type
  local sum; sum=$(digest "$1")
  printf '"digest":"sha256:%s","size":%s' "$sum" "$(stat -c %s "$1")"
  mv "$1" "$blobs/$sum"
}

pack "$rootfs" . >"$work/layer.tar"
layer_sum=$(digest "$work/layer.tar")
gzip -n -6 <"$work/layer.tar" >"$work/layer.gz"
layer=$(add_blob "$work/layer.gz")

case $(uname -m) in x86_64) architecture=amd64 ;; aarch64) architecture=arm64 ;; *) architecture=$(uname -m) ;; esac
env='"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"'
printf '{"created":"1970-01-01T00:00:00Z","architecture":"%s","os":"linux","config":{"Env":[%s],"Cmd":["sh"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"history":[{"created":"1970-01-01T00:00:00Z","created_by":"guest/demo-image.sh","comment":"Debian busybox-static"}]}' \
  "$architecture" "$env" "$layer_sum" >"$work/config.json"
config=$(add_blob "$work/config.json")

printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json",%s},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip",%s}]}' \
  "$config" "$layer" >"$work/manifest.json"
manifest=$(add_blob "$work/manifest.json")

printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",%s,"annotations":{"org.opencontainers.image.ref.name":"latest"}}]}' "$manifest" >"$layout/index.json"
printf '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"

# --- in place, in one step ------------------------------------------------------------------------

case $output in
  *.tar)
    pack "$layout" --transform='s|^\./||' ./oci-layout ./index.json ./blobs >"$work/image.tar"
    mv -f "$work/image.tar" "$output"
    ;;
  *)
    if [ -d "$output" ]; then mv "$output" "$work/old"; fi
    mv "$layout" "$output"
    ;;
esac

#!/usr/bin/env bash
# Builds the guest (kernel, kernel modules, initrd) from Debian packages. What it makes, and the contract with the
# agent, is in README.md beside it; `build.sh --help` explains the options.
#
# The result depends on the packages, the agent, the options and this directory, and on nothing else: no time, user,
# path or locale gets into it. Every input is checked against its SHA-256 before it is used.
set -Eeuo pipefail
export LC_ALL=C TZ=UTC
umask 022

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
fetch_deb=$here/../tools/apt/fetch-deb.sh

usage() {
  cat <<'TEXT'
Usage: build.sh --agent PATH [options]

Build the guest: vmlinuz, vmlinux, initrd.img and manifest.json. Nothing is done when they are up to date. The first
call downloads about 30 MB from the machine's Debian archive; later ones need no network.

Options:
  --agent PATH            Static kata-agent, becomes /init. Required.
  --output DIR            Where the guest goes. Default: out/guest
  --cache DIR             Where packages are kept. Default: $KATA_CACHE_DIR, else out/cache
  --kernel-flavour NAME   cloud (small, for VMs) or generic (every driver). Default: cloud
  --suite NAME            Debian suite of all packages. Default: own (the machine's release)
  --compression NAME      Of the initrd: lz4, gzip, zstd or none. Default: lz4, which the kernel unpacks fastest
  --module NAME           Add a module, and what it needs, to those of modules.list (as "lazy"). Repeatable
  --keep-signatures       Keep the modules as they are, signed, for guests that run with module.sig_enforce=1.
                          Rewritten a module loads in less than half the time
  --systemd               Keep libsystemd, which crun needs for the systemd cgroup manager, instead of the small
                          library that stands in for it
  --busybox               Add busybox with its applets, for looking around with the debug console
  --locked MANIFEST       Use exactly the packages that this manifest.json of an earlier build names
  --refresh               Ask the archive for newer packages
  --offline               Fail instead of using the network
  --force                 Build even if the guest is up to date
  --help                  Show this text

Exit status: 0 done, 1 failed (the reason is on standard error), 2 wrong usage.
TEXT
}

stage=start
say() { printf 'guest-build: %s\n' "$*" >&2; }
die() { # message [hint]
  printf 'guest-build: error: %s\n  stage   %s\n' "$1" "$stage" >&2
  if [ -n "${2:-}" ]; then printf '  hint    %s\n' "$2" >&2; fi
  exit 1
}
trap 'die "line $LINENO of ${BASH_SOURCE[0]##*/} failed unexpectedly" "run it with bash -x, and report it"' ERR
wrong_usage() {
  printf 'guest-build: error: %s\n  hint    see build.sh --help\n' "$1" >&2
  exit 2
}

sha256() { sha256sum -- "$1" | cut -d' ' -f1; }
hex() { od -An -v -tx1 -j"$2" -N"$3" -- "$1" | tr -d ' \n'; } # file offset bytes
number() { # file offset bytes: an unsigned little-endian number
  od -An -v -tu1 -j"$2" -N"$3" -- "$1" | awk '{ for (i = 1; i <= NF; i++) { n += $i * 256 ^ p; p++ } } END { printf "%.0f\n", n }'
}

for part in packages kernel modules initrd manifest; do
  # shellcheck source=/dev/null
  . "$here/lib/$part.sh"
done

# --- options --------------------------------------------------------------------------------------

agent="" output=out/guest cache=${KATA_CACHE_DIR:-out/cache} flavour=cloud suite=own compression=lz4
keep_signatures=false systemd=false busybox=false locked="" force=false
extra_modules=() fetch_options=()
while [ $# -gt 0 ]; do
  case $1 in
    --agent | --output | --cache | --kernel-flavour | --suite | --compression | --module | --locked)
      [ $# -ge 2 ] || wrong_usage "option $1 needs a value" ;;&
    --agent) agent=$2; shift ;;
    --output) output=$2; shift ;;
    --cache) cache=$2; shift ;;
    --kernel-flavour) flavour=$2; shift ;;
    --suite) suite=$2; shift ;;
    --compression) compression=$2; shift ;;
    --module) extra_modules+=("${2//-/_}"); shift ;;
    --locked) locked=$2; shift ;;
    --keep-signatures) keep_signatures=true ;;
    --systemd) systemd=true ;;
    --busybox) busybox=true ;;
    --force) force=true ;;
    --refresh | --offline) fetch_options+=("$1") ;;
    --help | -h) usage; exit 0 ;;
    *) wrong_usage "unknown argument '$1'" ;;
  esac
  shift
done
[ -n "$agent" ] || wrong_usage "option --agent is required"
case $flavour in
  cloud) metapackage=linux-image-cloud ;;
  generic) metapackage=linux-image ;;
  *) wrong_usage "--kernel-flavour must be cloud or generic, got '$flavour'" ;;
esac
case $compression in
  lz4 | gzip | zstd | none) ;;
  *) wrong_usage "--compression must be lz4, gzip, zstd or none, got '$compression'" ;;
esac
for module in ${extra_modules[@]+"${extra_modules[@]}"}; do
  [[ $module =~ ^[a-z0-9_]+$ ]] || wrong_usage "not a module name: '$module'"
done

# --- the machine and the agent --------------------------------------------------------------------

stage=check-machine
architecture=$(dpkg --print-architecture 2>/dev/null || echo unknown)
[ "$architecture" = amd64 ] || die "guests for the architecture $architecture cannot be built yet" "only amd64 is supported"
triplet=x86_64-linux-gnu
libraries=usr/lib/$triplet
for tool in cpio gzip xz zstd dpkg-deb sha256sum od flock; do
  command -v "$tool" >/dev/null || die "$tool is missing" "install the Debian packages cpio, gzip, xz-utils, zstd, dpkg and util-linux"
done
$keep_signatures || command -v objcopy >/dev/null || die "objcopy is missing" "install binutils, or use --keep-signatures"
$systemd || command -v cc >/dev/null || die "no C compiler for the library that stands in for libsystemd" "install gcc, or use --systemd"

stage=check-agent
[ -e "$agent" ] || die "the agent $agent does not exist" "build it first (make build), or name another with --agent"
[ -f "$agent" ] && [ -r "$agent" ] || die "the agent $agent is not a readable file"
# The fields are those of Elf64_Ehdr and Elf64_Phdr in elf.h: machine 62 is x86-64, segment type 3 names a dynamic loader.
[ "$(hex "$agent" 0 5)" = 7f454c4602 ] && [ "$(number "$agent" 18 2)" = 62 ] ||
  die "the agent $agent is not an ELF program for $architecture" "it becomes /init, so it must be a program for the guest"
segments=$(number "$agent" 32 8) segment_size=$(number "$agent" 54 2) segment_count=$(number "$agent" 56 2)
for ((i = 0; i < segment_count && i < 64; i++)); do
  [ "$(number "$agent" $((segments + i * segment_size)) 4)" != 3 ] ||
    die "the agent $agent is not static" "link it with -static: the initrd has no libraries for it"
done

# --- the build ------------------------------------------------------------------------------------

agent_sum=$(sha256 "$agent")
mkdir -p "$output" "$cache/guest/debs"
output=$(cd "$output" && pwd) cache=$(cd "$cache" && pwd)
debs=$cache/guest/debs
exec 7>"$cache/guest/lock"
flock 7
work=$(mktemp -d "$cache/guest/work.XXXXXX")
new=""
trap 'rm -rf "$work" ${new:+"$new"}' EXIT
trap 'exit 1' INT TERM HUP
tree=$work/tree

stage=fetch-packages
fetch_packages >"$work/packages"
stage=verify-packages
verify_packages
key=$({
  cat "$work/packages" "$here/build.sh" "$here"/lib/*.sh "$here"/stand-in/* "$here/modules.list"
  echo "$agent_sum $architecture $flavour $compression $keep_signatures $systemd $busybox ${extra_modules[*]-}"
} | sha256sum | cut -d' ' -f1)
if ! $force && up_to_date "$key"; then
  say "$output is up to date"
  exit 0
fi

stage=unpack-packages
unpack_packages kernel; kernel_packages=$unpacked
unpack_packages runtime; runtime_packages=$unpacked
# shellcheck disable=SC2034
unpack_packages tool; tool_packages=$unpacked
if $busybox; then unpack_packages debug; debug_packages=$unpacked; fi
module_dir=""
for candidate in "$kernel_packages"/lib/modules/* "$kernel_packages"/usr/lib/modules/*; do
  if [ -d "$candidate/kernel" ]; then module_dir=$candidate; fi
done
[ -n "$module_dir" ] || die "the kernel package has no modules"
release=${module_dir##*/}

new=$(mktemp -d "$output/.new.XXXXXX")
stage=extract-kernel
install -m 644 "$kernel_packages/boot/vmlinuz-$release" "$new/vmlinuz"
extract_vmlinux "$new/vmlinuz" "$new/vmlinux"
stage=build-initrd
build_tree
stage=pack-initrd
pack_tree "$new/initrd.img"
stage=write-output
write_manifest "$key" >"$new/manifest.json"
# The manifest goes last: while it does not match the other files, the guest counts as not built.
for file in vmlinuz vmlinux initrd.img manifest.json; do mv -f "$new/$file" "$output/$file"; done
say "kernel $release, initrd $(($(stat -c %s "$output/initrd.img") / 1024)) KiB in $output"

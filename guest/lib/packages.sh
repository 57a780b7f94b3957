# Fetches, verifies and unpacks the Debian packages. Needs $debs, $cache, $work, $suite, $locked; see build.sh.
# shellcheck shell=bash disable=SC2154

# Prints "role name version sha256 file" of every package of the guest, downloaded.
fetch_packages() {
  if [ -n "$locked" ]; then fetch_locked_packages; return; fi
  fetch kernel --follow "$metapackage-$architecture"
  fetch runtime --with-depends crun
  fetch tool lz4
  if $busybox; then fetch debug busybox-static; fi
}

# The same for the packages of an earlier build, which must be the very same files.
fetch_locked_packages() {
  local role names
  [ -r "$locked" ] || die "the manifest $locked cannot be read"
  sed -n 's/^ *{ "role": "\([a-z]*\)", "name": "\([^"]*\)", "version": "\([^"]*\)", "sha256": "\([0-9a-f]*\)" },\{0,1\}$/\1 \2 \3 \4/p' "$locked" >"$work/locked"
  [ -s "$work/locked" ] || die "$locked names no packages" "it must be a manifest.json that this tool wrote"
  for role in kernel runtime tool debug; do
    mapfile -t names < <(awk -v role=$role '$1 == role { print $2 "=" $3 }' "$work/locked")
    [ ${#names[@]} -eq 0 ] || fetch $role "${names[@]}"
  done >"$work/fetched"
  cut -d' ' -f1-4 "$work/fetched" | sort >"$work/got"
  sort "$work/locked" | diff - "$work/got" >"$work/difference" ||
    die "the archive has other packages than $locked names: $(grep '^[<>]' "$work/difference" | sed -n 1,2p | tr '\n' ' ')"
  cat "$work/fetched"
}

fetch() { # role arguments-of-fetch-deb...
  local role=$1; shift
  "$fetch_deb" --suite "$suite" --into "$debs" --cache "$cache/apt" --download-only --print ${fetch_options[@]+"${fetch_options[@]}"} "$@" >"$work/fetch" ||
    die "the packages of the $role cannot be fetched" "the line above says why"
  sed "s/^/$role /" "$work/fetch"
}

verify_packages() {
  local role name version sum file actual
  while read -r role name version sum file; do
    [ -f "$debs/$file" ] || die "$debs/$file is missing" "remove $debs and build again"
    actual=$(sha256 "$debs/$file")
    [ "$actual" = "$sum" ] || die "checksum mismatch: $debs/$file has SHA-256 $actual, expected $sum" \
      "the file was changed after its download; remove $debs and build again"
  done <"$work/packages"
}

unpack_packages() { # role: sets $unpacked to a directory with the packages of this role
  local key role name version sum file
  key=$(awk -v role="$1" '$1 == role' "$work/packages" | sha256sum | cut -c1-16)
  unpacked=$cache/guest/unpacked/$1-$key
  if [ -d "$unpacked" ]; then touch "$unpacked"; return; fi
  mkdir -p "$cache/guest/unpacked"
  # Trees that no build has used for a month.
  find "$cache/guest/unpacked" -mindepth 1 -maxdepth 1 -name "$1-*" -mtime +30 -exec rm -rf {} +
  while read -r role name version sum file; do
    [ "$role" = "$1" ] || continue
    dpkg-deb -x "$debs/$file" "$work/unpack-$1" || die "$debs/$file cannot be unpacked"
  done <"$work/packages"
  # dpkg-deb gives the directory the time it has in the package.
  touch "$work/unpack-$1"
  mv "$work/unpack-$1" "$unpacked"
}

# The kernel as an uncompressed ELF file.
# shellcheck shell=bash disable=SC2154

# Decompresses the ELF kernel inside a bzImage. The header's fields are in the kernel's Documentation/x86/boot.rst.
extract_vmlinux() { # bzimage output
  local image=$1 setup_sectors offset length magic size unpack stream
  [ "$(hex "$image" 514 4)" = 48647253 ] || die "$image is not a bzImage" "the kernel package changed its format"
  setup_sectors=$(number "$image" 497 1)
  offset=$(((${setup_sectors/#0/4} + 1) * 512 + $(number "$image" 584 4)))
  length=$(number "$image" 588 4)
  magic=$(hex "$image" $offset 6)
  case $magic in
    1f8b*) unpack="gzip -dc" ;;
    fd377a585a00) unpack="xz -dc" ;;
    28b52ffd*) unpack="zstd -dcq" ;;
    02214c18*) unpack="lz4 -dcq" ;;
    *) die "the kernel is compressed in an unknown way (magic $magic)" "gzip, xz, zstd and lz4 are known" ;;
  esac
  # The last four bytes of the payload are the size of the kernel; only gzip has them as part of its own format.
  stream=$length
  [ "$unpack" = "gzip -dc" ] || stream=$((length - 4))
  size=$(number "$image" $((offset + length - 4)) 4)
  dd if="$image" bs=1M iflag=skip_bytes,count_bytes skip="$offset" count="$stream" status=none | $unpack >"$2" ||
    die "the kernel in $image cannot be decompressed"
  [ "$(stat -c %s "$2")" = "$size" ] && [ "$(hex "$2" 0 4)" = 7f454c46 ] || die "the kernel in $image is damaged"
}

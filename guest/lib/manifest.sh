# manifest.json: what went in and what came out. One array element a line, because packages.sh and up_to_date read it back.
# shellcheck shell=bash disable=SC2154

json_lines() { sed '$!s/$/,/'; } # joins lines with commas

write_manifest() { # key
  local file format
  cat <<JSON
{
  "version": 1,
  "key": "$1",
  "architecture": "$architecture",
  "kernel": { "flavour": "$flavour", "release": "$release" },
  "agent": { "path": "/init", "size": $(stat -c %s "$agent"), "sha256": "$agent_sum" },
  "options": { "compression": "$compression", "keepSignatures": $keep_signatures, "systemd": $systemd, "busybox": $busybox },
  "packages": [
$(awk '{ printf "    { \"role\": \"%s\", \"name\": \"%s\", \"version\": \"%s\", \"sha256\": \"%s\" }\n", $1, $2, $3, $4 }' "$work/packages" | json_lines)
  ],
  "modules": [
$(awk '{ n = split($4 == "-" ? "" : $4, d, ","); list = ""; for (i = 1; i <= n; i++) list = list (i > 1 ? ", " : "") "\"" d[i] "\"";
    printf "    { \"name\": \"%s\", \"when\": \"%s\", \"file\": %s, \"dependencies\": [%s] }\n", $1, $2, $3 == "-" ? "null" : "\"" $3 "\"", list }' \
    "$tree/usr/lib/kata/modules/table" | json_lines)
  ],
  "files": [
$(for file in initrd.img vmlinux vmlinuz; do
    case $file in initrd.img) format=cpio+$compression ;; vmlinux) format=elf ;; vmlinuz) format=bzImage ;; esac
    printf '    { "name": "%s", "format": "%s", "size": %s, "sha256": "%s" }\n' "$file" "$format" "$(stat -c %s "$new/$file")" "$(sha256 "$new/$file")"
  done | json_lines)
  ],
  "initrd": { "unpackedSize": $(stat -c %s "$work/initrd.cpio") }
}
JSON
}

# Whether $output holds the guest of this key, undamaged.
up_to_date() { # key
  local name sum
  [ -f "$output/manifest.json" ] && grep -q "^  \"key\": \"$1\",\$" "$output/manifest.json" || return 1
  while read -r name sum; do
    [ -f "$output/$name" ] && [ "$(sha256 "$output/$name")" = "$sum" ] || return 1
  done < <(sed -n 's/^    { "name": "\([^"]*\)", "format".*"sha256": "\([0-9a-f]*\)" },\{0,1\}$/\1 \2/p' "$output/manifest.json")
}

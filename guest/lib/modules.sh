# The kernel modules and their table; the table's form is in README.md. Needs $module_dir, $release, $tree, $work.
# shellcheck shell=bash disable=SC2154

declare -A module_state=() module_closure=() module_when=()

add_modules() {
  local name when optional
  (cd "$module_dir" && find kernel -name '*.ko*') | sort >"$work/module-files"
  cp "$module_dir/modules.builtin" "$work/module-builtin"
  sed '/^#/d;/^[[:space:]]*$/d' "$here/modules.list" >"$work/modules.list"
  for name in ${extra_modules[@]+"${extra_modules[@]}"}; do printf '%s lazy\n' "$name" >>"$work/modules.list"; done
  while read -r name when optional; do module_when[$name]=${module_when[$name]:-$when}; done <"$work/modules.list"
  while read -r name when optional; do add_module "$name" "$optional"; done <"$work/modules.list"
}

# Appends a module to the table, after everything that it needs.
add_module() { # name optional
  local name=$1 file dependency need closure="" copy
  [ -z "${module_state[$name]:-}" ] || return 0
  module_state[$name]=busy
  file=$(module_file "$name")
  if [ -z "$file" ]; then
    [ "$2" = "?" ] || die "the kernel $release has no module $name" "check the name, or use --kernel-flavour generic"
    module_state[$name]=absent
    return 0
  fi
  if [ "$file" = "-" ]; then
    module_state[$name]=builtin
    printf '%s %s - -\n' "$name" "${module_when[$name]:-lazy}" >>"$tree/usr/lib/kata/modules/table"
    return 0
  fi
  copy="$tree/usr/lib/kata/modules/$name.ko"
  copy_module "$module_dir/$file" "$copy"
  for dependency in $(module_depends "$copy"); do
    [ "${module_state[$dependency]:-}" != busy ] || die "the modules $name and $dependency need each other"
    add_module "$dependency" ""
    [ "${module_state[$dependency]}" = "done" ] || continue
    for need in ${module_closure[$dependency]//,/ } "$dependency"; do
      case ",$closure," in *",$need,"*) ;; *) closure=${closure:+$closure,}$need ;; esac
    done
  done
  module_closure[$name]=$closure
  module_state[$name]="done"
  printf '%s %s %s.ko %s\n' "$name" "${module_when[$name]:-lazy}" "$name" "${closure:--}" >>"$tree/usr/lib/kata/modules/table"
}

module_file() { # name: prints the path below the module directory, or "-" if built in, or nothing
  awk -v name="$1" '
    { file = $0; sub(/.*\//, "", file); sub(/\.ko(\.[a-z]+)?$/, "", file); gsub(/-/, "_", file) }
    file == name { print FILENAME ~ /builtin/ ? "-" : $0; exit }' "$work/module-files" "$work/module-builtin"
}

module_depends() { # file: prints the modules that its own information names
  tr '\0' '\n' <"$1" | awk '/^depends=/ && !found { found = 1; gsub(/-/, "_"); gsub(/,/, " "); print substr($0, 9) }'
}

# Copies a module, decompressed. Unless its signature is wanted, which any change breaks, it is rewritten without it and without what
# only debugging needs: types, the unwinder's tables, which the kernel sorts at each load, and names of what is not linked by
# name, all of which it goes through for each function.
copy_module() { # source destination
  case $1 in
    *.ko) cp "$1" "$2" ;;
    *.ko.xz) xz -dc "$1" >"$2" ;;
    *.ko.zst) zstd -dcq "$1" >"$2" ;;
    *.ko.gz) gzip -dc "$1" >"$2" ;;
    *) die "the module ${1##*/} is compressed in an unknown way" ;;
  esac
  if $keep_signatures; then return; fi
  objcopy --strip-unneeded --remove-section={.orc_unwind,.orc_unwind_ip,.BTF} "$2" 2>"$work/objcopy-error" ||
    die "the module ${1##*/} cannot be rewritten: $(sed -n 1p "$work/objcopy-error")"
}

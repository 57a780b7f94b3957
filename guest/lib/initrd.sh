# The initial file system: tree and archive. Needs $tree, $work, $agent and the unpacked packages.
# shellcheck shell=bash disable=SC2154

build_tree() {
  mkdir -p "$tree"/{dev,etc,mnt,newroot,proc,run,sys,tmp,usr/bin,usr/lib/kata/modules,"$libraries",usr/lib64}
  ln -s usr/bin "$tree/bin"
  ln -s usr/bin "$tree/sbin"
  ln -s usr/lib "$tree/lib"
  ln -s usr/lib64 "$tree/lib64"
  echo 'root:x:0:0:root:/:/bin/sh' >"$tree/etc/passwd"
  echo 'root:x:0:' >"$tree/etc/group"
  install -m 755 "$agent" "$tree/init"
  stage=copy-modules
  add_modules
  stage=copy-runtime
  if ! $systemd; then add_stand_in; fi
  add_program "$runtime_packages" usr/bin/crun
  if $busybox; then add_busybox "$debug_packages"; fi
}

# Compiles what stands in for libsystemd. Only its content decides the output: no build id, no paths.
add_stand_in() {
  cc -Os -shared -fPIC -nostdlib -ffile-prefix-map="$here"=. -Wl,-soname,libsystemd.so.0 -Wl,--build-id=none -Wl,-s -Wl,--hash-style=gnu \
    -Wl,--version-script="$here/stand-in/libsystemd.map" -o "$tree/$libraries/libsystemd.so.0" "$here/stand-in/libsystemd.c" 2>"$work/cc-errors" ||
    die "the stand-in for libsystemd does not compile: $(sed -n 1p "$work/cc-errors")" "install gcc, or use --systemd"
  chmod 644 "$tree/$libraries/libsystemd.so.0"
}

# Copies a program and, as the real loader resolves them, its libraries. Libraries that are in the tree already win.
add_program() { # package-tree path
  local from=$1 path=$2 loader library target
  install -D -m 755 "$from/$path" "$tree/$path"
  loader=$(find_loader "$from")
  "$loader" --library-path "$tree/$libraries:$from/lib/$triplet:$from/usr/lib/$triplet" --list "$from/$path" >"$work/libraries" 2>"$work/loader-error" ||
    die "the libraries of /$path cannot be resolved: $(sed -n 1p "$work/loader-error")"
  if grep -q 'not found' "$work/libraries"; then
    die "/$path needs $(sed -n 's/^[[:space:]]*\(.*\) => not found$/\1/p' "$work/libraries" | tr '\n' ' ')" "a package that has it is missing"
  fi
  while read -r library; do
    case $library in
      "$tree"/* | */"${loader##*/}") continue ;;
      "$from"/*) ;;
      *) die "/$path would use $library of the build machine" "a package that has this library is missing" ;;
    esac
    target=$tree/$libraries/${library##*/}
    [ -e "$target" ] || install -m 644 "$library" "$target"
  done < <(sed -n 's/.* => \(\/.*\) (0x[0-9a-f]*)$/\1/p' "$work/libraries")
  [ -e "$tree/usr/lib64/${loader##*/}" ] || install -m 755 "$loader" "$tree/usr/lib64/${loader##*/}"
  # The proof: the copy resolves inside the tree, with every symbol that it binds at its start.
  LD_BIND_NOW=1 "$tree/usr/lib64/${loader##*/}" --library-path "$tree/$libraries" "$tree/$path" --version >"$work/run" 2>&1 ||
    die "/$path does not start from the initrd: $(sed -n 1p "$work/run")"
}

# Prints the dynamic loader of a package tree. Its link may be absolute, and would lead out of the tree.
find_loader() { # package-tree
  local candidate
  for candidate in lib64 usr/lib64 "lib/$triplet" "usr/lib/$triplet"; do
    candidate=$1/$candidate/ld-linux-x86-64.so.2
    if [ -L "$candidate" ]; then
      case $(readlink "$candidate") in /*) candidate=$1$(readlink "$candidate") ;; esac
    fi
    if [ -f "$candidate" ]; then echo "$candidate"; return; fi
  done
  die "the packages have no dynamic loader"
}

add_busybox() { # package-tree
  local applet path
  path=$1/bin/busybox
  [ -e "$path" ] || path=$1/usr/bin/busybox
  install -m 755 "$path" "$tree/usr/bin/busybox"
  for applet in $("$path" --list); do
    [ -e "$tree/usr/bin/$applet" ] || ln -s busybox "$tree/usr/bin/$applet"
  done
}

pack_tree() { # output: sorted, owned by root, at the beginning of time
  find "$tree" -exec touch -h -d @0 {} +
  (cd "$tree" && find . -mindepth 1 | sort | cpio -o -H newc --reproducible -R 0:0 --quiet) >"$work/initrd.cpio"
  case $compression in
    # The kernel reads lz4's legacy format only.
    lz4) lz4 -lq9 -c "$work/initrd.cpio" >"$1" ;;
    gzip) gzip -n -9 <"$work/initrd.cpio" >"$1" ;;
    zstd) zstd -q -19 --no-progress -T1 <"$work/initrd.cpio" >"$1" ;;
    none) cp "$work/initrd.cpio" "$1" ;;
  esac
}

# lz4 of the fetched package with the fetched C library: the build machine need not have it, and its version does not matter.
lz4() { "$(find_loader "$runtime_packages")" --library-path "$runtime_packages/lib/$triplet:$runtime_packages/usr/lib/$triplet" "$tool_packages/usr/bin/lz4" "$@"; }

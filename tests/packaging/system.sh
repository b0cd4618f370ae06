# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sourced: a new Debian 12 in a folder. Mirror, the way to it and certificates are the host's.

new_system() { # FOLDER
    local mirror
    chmod 755 "$1" # mktemp keeps it from the service's account
    # shellcheck disable=SC2016 # apt-get expands it
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' 'Component: main' \
        'Identifier: Packages' | head -n 1)
    debootstrap --variant=minbase --include=ca-certificates bookworm "$1" "$mirror"
    apt-config dump | grep '^Acquire::' >"$1/etc/apt/apt.conf.d/00host" || true
    cp -aL --remove-destination /etc/ssl/certs/. "$1/etc/ssl/certs/"
    cp -L /etc/resolv.conf /etc/hosts "$1/etc/"
    [ ! -e /etc/npmrc ] || cp -L /etc/npmrc "$1/etc/"
}

# A root that is a mount, as on any machine, with what the kernel shows of itself.
mount_system() { # FOLDER
    mount --bind "$1" "$1"
    mount -t proc proc "$1/proc"
    mount --rbind /sys "$1/sys"
    mount --rbind /dev "$1/dev"
}

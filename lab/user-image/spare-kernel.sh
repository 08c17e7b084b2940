#!/bin/sh
# Puts the kernel and its initramfs where customize.sh does not look for them; cloud.sh brings them
# back. $1: the root file system.
set -eu
mv "$1/boot" "$1/boot.spared"
mkdir "$1/boot"

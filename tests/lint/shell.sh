# Scripts are what shellcheck wants, where it is installed.
command -v shellcheck >/dev/null || { echo "note: needs shellcheck" && exit 77; }
{
    project-files '\.sh$'
    project-files | xargs grep -lIE '^#!(/bin/sh|/bin/bash|/usr/bin/env bash)$'
} | sort -u | xargs shellcheck -s bash -S warning -f gcc

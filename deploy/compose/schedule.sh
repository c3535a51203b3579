#!/bin/sh
# Runs at once, which catches up on what was missed while it was down, then at minute 17 of every hour; the run at 3 o'clock
# in Berlin is the nightly one, and forecasts follow it. A run locks its target in the database: beside another one it ends
# with exit code 4.
set -u

# A program in the background is waited for, so that the shell hears at once that it is to stop, and hands it on.
trap 'test -z "${!:-}" || { kill "$!"; wait "$!"; } 2>/dev/null; exit 0' TERM INT

until_it_ends() {
    "$@" &
    wait "$!"
}

run() {
    until_it_ends timeout --kill-after=2m 6h .venv/bin/prohandel run --target prod "$@"
    echo "prohandel run $*: exit code $?"
}

run
while :; do
    minute=$(date +%M)
    second=$(date +%S)
    until_it_ends sleep $(((76 - ${minute#0}) % 60 * 60 + 60 - ${second#0}))
    if [ "$(TZ=Europe/Berlin date +%H)" = 03 ]; then
        run --nightly
        until_it_ends timeout --kill-after=2m 1h .venv/bin/prohandel forecast --target prod
        echo "prohandel forecast: exit code $?"
    else
        run
    fi
done

#!/bin/sh
# An invented service that logs text as Java does, and now and then an exception with its stack on standard error.
pause=${1:-1}
n=0

line() { printf '%s %-5s [worker-%d] %s\n' "$(date '+%Y-%m-%d %H:%M:%S.%3N')" "$1" $((n % 3)) "$2"; }

trap 'line INFO "stopped"; exit 0' TERM INT
line INFO "queue payments: waiting for work"
while :; do
    n=$((n + 1))
    line INFO "payment $((4000 + n)) accepted"
    if [ $((n % 9)) = 0 ]; then
        line ERROR "payment $((4000 + n)) failed" >&2
        printf '%s\n' \
            'java.lang.IllegalStateException: card declined' \
            '    at shop.payment.Gateway.charge(Gateway.java:118)' \
            '    at shop.payment.Worker.run(Worker.java:57)' \
            'Caused by: java.net.SocketTimeoutException: Read timed out' \
            '    ... 2 more' >&2
    fi
    sleep "$pause" &
    wait $!
done

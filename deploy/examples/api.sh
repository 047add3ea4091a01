#!/bin/sh
# An invented service that logs JSON as pino does: levels as numbers, times in milliseconds.
pause=${1:-1}
n=0

line() {
    printf '{"level":%s,"time":%s,"requestId":"req-%05d","msg":"%s"%s}\n' \
        "$1" "$(date +%s%3N)" "$n" "$2" "$3"
}

trap 'line 30 "shutting down"; exit 0' TERM INT
line 30 "listening" ',"port":8080'
while :; do
    n=$((n + 1))
    line 30 "request started" ',"method":"POST","url":"/checkout","user":'$((8000 + n % 900))
    if [ $((n % 7)) = 0 ]; then
        line 50 "card declined" ',"statusCode":402,"responseTime":391'
    else
        line 30 "request completed" ',"statusCode":200,"responseTime":'$((20 + n * 37 % 180))
    fi
    [ $((n % 30)) != 0 ] || line 40 "pool is nearly used up" ',"used":19,"of":20'
    sleep "$pause" &
    wait $!
done

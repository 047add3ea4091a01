#!/bin/sh
# A service that writes lines like no other and accounts for them.
#
#     writer.sh NAME BURST PAUSE [TOTAL]
#
# BURST lines, a pause of PAUSE seconds, and so on, until SIGTERM or TOTAL lines. A line is "NAME RUN NUMBER STREAM words";
# RUN is this start's time. Each tenth goes to standard error, one of a thousand is longer than what
# Docker takes as one piece.
# /out/NAME.RUN holds how many were written; it is right whenever the service ended by itself or by SIGTERM.
name=$1 burst=$2 pause=$3 total=${4:-1000000000}
run=$(date +%s%N)
long=$(printf '%020000d' 0)
stop='' i=0
trap 'stop=1' TERM INT
while [ -z "$stop" ] && [ $i -lt "$total" ]; do
    end=$((i + burst))
    while [ $i -lt $end ]; do
        i=$((i + 1))
        case $i in
        *7) echo "$name $run $i err a payment was refused by the bank" >&2 ;;
        *500) echo "$name $run $i out $long" ;;
        *) echo "$name $run $i out a payment was accepted by the bank" ;;
        esac
    done
    echo $i >"/out/$name.$run"
    [ "$pause" = 0 ] || { sleep "$pause" & wait $!; }
done

#!/bin/sh
# tools/demo ends well, shows what it promises, and leaves nothing behind.
timeout 120 env DEMO_DOCKER=no "$TREE/tools/demo" "$SLUICE" >shown 2>&1 || { cat shown && exit 1; }
number=0 bad=0
while IFS='|' read -r title words; do
    number=$((number + 1))
    if grep -qF -e "$words" shown; then echo "ok $number - $title"; else bad=1 && echo "not ok $number - $title"; fi
done <<'END'
it lists the services|worker   demo-worker-1
it finds what it searches|"msg":"card declined"
it follows|$ sluice tail -f
all is well|shipper    ok        2 sources
END
title='a stack trace is one record, its lines without a head of their own'
number=$((number + 1))
if grep -qxF 'Caused by: java.net.SocketTimeoutException: Read timed out' shown; then
    echo "ok $number - $title"
else
    bad=1 && echo "not ok $number - $title"
fi
number=$((number + 1))
left=$(find "$TMPDIR" -maxdepth 1 -name 'sluice-demo.*')
if [ -z "$left" ]; then echo "ok $number - its folder is removed"; else bad=1 && echo "not ok $number - its folder is removed"; fi
[ $bad = 0 ] || cat shown
echo "1..$number"
exit $bad

#!/bin/sh
# The systemd units as `make install` puts them: valid, shut in (exposure under 2), and for a user that is declared.
command -v systemd-analyze >/dev/null || { echo "ok 1 - systemd units # SKIP no systemd-analyze" && exit 0; }
number=0 bad=0
ok() { number=$((number + 1)) && echo "ok $number - $1"; }
not_ok() { number=$((number + 1)) && bad=1 && echo "not ok $number - $1"; }

# -o: what is tested is installed, and never built anew.
make -s -C "$TREE" -o "$SLUICE" OUT="$(dirname "$SLUICE")" DESTDIR="$PWD/root" PREFIX=/usr install >install.log 2>&1 || cat install.log
for unit in sluice sluice-shipper sluice-collector; do
    file=root/usr/lib/systemd/system/$unit.service
    # `verify` looks for the program on this machine.
    mkdir -p verified && sed "s|/usr/bin/sluice|$SLUICE|" "$file" >"verified/$unit.service"
    found=$(systemd-analyze verify --man=no "./verified/$unit.service" 2>&1 | grep -F "$unit")
    if [ -z "$found" ]; then ok "$unit: valid"; else echo "$found" && not_ok "$unit: valid"; fi
    exposure=$(systemd-analyze security --offline=true --no-pager "$file" 2>/dev/null |
        sed -nE 's/.*exposure level.*: ([0-9.]+).*/\1/p')
    if [ -n "$exposure" ] && [ "${exposure%.*}" -lt 2 ]; then ok "$unit: exposure $exposure"; else not_ok "$unit: exposure $exposure"; fi
done
for user in $(sed -n 's/^User=//p' root/usr/lib/systemd/system/*.service | sort -u); do
    if grep -q "^u $user " root/usr/lib/sysusers.d/sluice.conf; then ok "user $user is declared"; else not_ok "user $user is declared"; fi
done
if root/usr/bin/sluice version | grep -q ^sluice; then ok "the program runs"; else not_ok "the program runs"; fi
echo "1..$number"
exit $bad

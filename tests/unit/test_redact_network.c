/* formats/redact/network. */
#include "base/mem.h"
#include "tests/test.h"
#include "tests/unit/redact_helper.h"

TEST(network_ipv4)
{
    check_masked("8.8.4.4", "[ip]");
    check_masked("from 8.8.4.4:53 to 93.184.216.34/24, 1.1.1.1.", "from [ip]:53 to [ip]/24, [ip].");
    check_masked("{\"remote\":\"93.184.216.34\"}", "{\"remote\":\"[ip]\"}");
    check_masked("/93.184.216.34:8080 dns.example/8.8.4.4 http://8.8.4.4/x",
                 "/[ip]:8080 dns.example/[ip] http://[ip]/x");
    check_masked("8.8.4.4-8.8.4.9 root@8.8.4.4 addr:8.8.4.4", "[ip]-[ip] root@[ip] addr:[ip]");
    check_masked("\\n8.8.4.4\\n ip%3D8.8.4.4%26", "\\n[ip]\\n ip%3D[ip]%26");
    check_plain(
        "0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 169.254.1.1 172.16.0.1 172.31.255.255 192.0.2.1");
    check_plain(
        "192.168.1.1 198.18.0.1 198.51.100.7 203.0.113.9 224.0.0.1 239.1.1.1 255.255.255.255");
    check_masked("172.15.0.1 172.32.0.1 100.128.0.1", "[ip] [ip] [ip]");
    check_plain(
        "1.2.3 1.2.3.4.5 256.1.1.1 8.8.4.256 08.8.4.4 8.8.4.04 8.8.4. 1234.8.4.4 8.8.4.1234");
    check_plain(
        "v1.2.3.4 version 1.2.3.4 \"version\":\"1.2.3.4\" Chrome/120.0.1.2 foo-1.2.3.4.jar");
    check_plain("ua=Mozilla%2F5.0%20Chrome%2F120.0.1.2%20Safari%2f537.36");
    check_masked("u=https%3A%2F%2F8.8.4.4%2Fx%3Fa%3Db", "u=https%3A%2F%2F[ip]%2Fx%3Fa%3Db");
    check_plain("1.2.3.4-SNAPSHOT 1.2.3.4+build 1.2.3.4-1 lib_1.2.3.4 1.2.3.4_2 1.2.3.4rc1 kernel "
                "5.4.17.1");
}

TEST(network_ipv6)
{
    check_masked("2a00:1450:4001:81b::200e", "[ip]");
    check_masked("to [2a00:1450:4001:81b::200e]:443 2606:4700:0:0:0:0:6812:1f0f",
                 "to [[ip]]:443 [ip]");
    check_masked("src=2a00::1, dst=2a00::1/32 via 2a00::1%eth0.",
                 "src=[ip], dst=[ip]/32 via [ip]%eth0.");
    check_masked("::ffff:8.8.4.4 64:ff9b::8.8.4.4 ::ffff:808:404", "[ip] [ip] [ip]");
    check_masked("src:2a00:1450::1 user@2a00::1 \"2A00::FFFF\"", "src:[ip] user@[ip] \"[ip]\"");
    check_masked("at 2a00::: no", "at 2a00::: no");
    check_plain(
        ":: ::1 fe80::1%eth0 fc00::1 fd12:3456::1 ff02::1 2001:db8::1 3fff:1::1 ::ffff:10.0.0.1");
    check_plain(
        "std::cout abc::def Face::B00c a::b dead:beef 12:34:56 10:00:00.123 1:2:3:4 20:24:01:02");
    check_plain(
        "2a00::1::2 2a00:1:2:3:4:5:6 2a00:1:2:3:4:5:6:7:8 12a00::1 2a00::1x g2a00::1 2a00::12345");
    check_plain("2a00::8.8.4.256 ::ffff:8.8.4 _2a00::1");
}

TEST(network_macs)
{
    check_masked("00:1a:2b:3c:4d:5e", "[mac]");
    check_masked("link/ether 02:42:AC:11:00:02 brd ff:ff:ff:ff:ff:ff",
                 "link/ether [mac] brd ff:ff:ff:ff:ff:ff");
    check_masked("mac=12:34:56:78:90:12", "mac=[mac]");
    check_masked("MAC=01:00:5e:00:00:01:00:30:f2:1a:2b:3c:08:00 SRC=10.0.0.1",
                 "MAC=01:00:5e:00:00:01:[mac]:08:00 SRC=10.0.0.1");
    check_masked("client 01:aa:bb:cc:dd:ee:0f", "client 01:[mac]");
    check_plain("00:00:00:00:00:00 33:33:00:00:00:01 01:80:c2:00:00:0e");
    check_plain("12:34:56 12:34:56:789 10:11:12:13:14:15 2024:01:02:03:04:05 00:1a:2b:3c:4d");
    check_plain("aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd");
    check_plain("00:1a:2b:3c:4d:5g x00:1a:2b:3c:4d:5e 00-1a");
}

TEST(network_addresses_are_found_in_every_carrier)
{
    defer(buf_free) struct buf value = {0}, line = {0};
    for (size_t i = 0; i < CARRIERS * 100; i++) {
        enum redact_rule rule = i % 3 == 2 ? RULE_MAC : RULE_IP;
        value.len = line.len = 0;
        if (i % 3 == 0)
            buf_print(&value, "%u.%u.%u.%u", 11 + roll(80), roll(256), roll(256), roll(256));
        else
            put_random(&value, i % 3 == 1 ? "2a0~:1~~~:~~~~:1~::~~~~" : "0c:~~:~~:~~:~~:a~");
        put_carrier(&line, i % CARRIERS, "address", buf_str(&value));
        if (!is_found(buf_str(&line), buf_str(&value), rule))
            test_fail(__FILE__, __LINE__, "%.*s", STR_ARG(buf_str(&line)));
    }
}

TEST(network_lines_of_machines_are_kept)
{
    static const char *const patterns[] = {
        "~~~~~~~~-~~~~-4~~~-a~~~-~~~~~~~~~~~~",
        "1#:##:##.###",
        "2024-01-02T1#:##:##.######Z",
        "v#.##.#.###",
        "java/1.#.0.##",
        "app:1.#.##-alpine",
        "oid 1.3.6.1.4.1.#####.#.#",
        "sha256:~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~",
        "~~:~~:~~:~~",
        "0.#### 12.## 1.#e5",
    };
    check_none_found(patterns, countof(patterns), 2000);
}

TEST(network_long_lines_are_read_once)
{
    static const char *const pieces[] = {
        "1.",     "1.2.3.4.",      "1.2.3.4-",        ":", "a:", "::1 ", "00:", "2a00::1:",
        "12345:", "host/1.2.3.4 ", "version 8.8.4.4 "};
    defer(buf_free) struct buf line = {0};
    for (size_t i = 0; i < countof(pieces); i++) {
        line.len = 0;
        while (line.len < 1 << 20)
            buf_add(&line, str_from(pieces[i]));
        (void)count_found(buf_str(&line));
    }
}

TEST(network_ways_to_write_hardware_addresses)
{
    check_masked("link 00-1a-2b-3c-4d-5e up", "link [mac] up");
    check_masked("{\"mac\":\"001a.2b3c.4d5e\"} 00-1A-2B-3C-4D-5E", "{\"mac\":\"[mac]\"} [mac]");
    check_masked("{\"m\":\"a\\n00-1a-2b-3c-4d-5e\"}", "{\"m\":\"a\\n[mac]\"}");
    check_plain("at 20-11-26-04-29-55 station 2026.1126.0429 x001a.2b3c.4d5e 001a.2b3c.4d5e1");
    check_plain("00-1a-2b-3c-4d-5e-6f 00-1a-2b-3c-4d.txt ab.cdef.1");
}

TEST(network_versions)
{
    check_plain("(X11; de; rv:1.9.0.13) UP.Browser/6.2.3.3 pack~x~amd64~~6.1.1.1");
    check_masked("dns.example/8.8.4.4 rv: x 8.8.4.4", "dns.example/[ip] rv: x [ip]");
}

/* Values under names: formats/redact/pairs.c, pair_*.c, keys.c, http_schemes.c; and passwords of URLs. */
#include "base/buf.h"
#include "base/mem.h"
#include "formats/line/flatten.h"
#include "formats/redact/keys.h"
#include "formats/redact/randomness.h"
#include "tests/test.h"
#include "tests/unit/secrets_helper.h"

#include <time.h>

#define RANDOM_VALUE "Zk3hfD92kslQpw83Jd0a"
#define HEX_VALUE    "9f86d081884c7d659a2feaa0c55ad015"
#define UUID_VALUE   "550e8400-e29b-41d4-a716-446655440000"

TEST(redact_keys_in_json)
{
    static const char *const lines[] = {
        "{\"level\":30,\"password\":\"hunter2\",\"user\":\"bob\"}",
        "{\"level\":30,\"password\":\"[secret]\",\"user\":\"bob\"}",
        "{\"password\" : \"a\\\"b\\\\\" , \"x\":1}",
        "{\"password\" : \"[secret]\" , \"x\":1}",
        "{\"msg\":\"{\\\"password\\\":\\\"hun\\\\\\\"ter\\\",\\\"a\\\":1}\",\"x\":\"y\"}",
        "{\"msg\":\"{\\\"password\\\":\\\"[secret]\\\",\\\"a\\\":1}\",\"x\":\"y\"}",
        "{\"m\":\"{\\\"a\\\":\\\"{\\\\\\\"secret\\\\\\\":\\\\\\\"xYz9\\\\\\\"}\\\"}\"}",
        "{\"m\":\"{\\\"a\\\":\\\"{\\\\\\\"secret\\\\\\\":\\\\\\\"[secret]\\\\\\\"}\\\"}\"}",
        "{\"password\":12345,\"n\":1}",
        "{\"password\":\"[secret]\",\"n\":1}",
        "{\"a\":{\"credentials\":{\"u\":\"x\",\"p\":[1,\"}\"]},\"b\":1}}",
        "{\"a\":{\"credentials\":\"[secret]\",\"b\":1}}",
        "{\"a\":\"{\\\"credentials\\\":{\\\"u\\\":\\\"}\\\"},\\\"b\\\":1}\"}",
        "{\"a\":\"{\\\"credentials\\\":\\\"[secret]\\\",\\\"b\\\":1}\"}",
        "{\"objectName\":\"user\",\"field\":\"password\",\"rejectedValue\":\"x1\"}",
        "{\"objectName\":\"user\",\"field\":\"password\",\"rejectedValue\":\"[secret]\"}",
        "Field error on field 'password': rejected value [x1]; field 'password': rejected value "
        "[null];",
        "Field error on field 'password': rejected value [[secret]]; field 'password': rejected "
        "value [null];",
        "{\"authorization\":[\"Bearer xyz123\"],\"n\":1}",
        "{\"authorization\":\"[secret]\",\"n\":1}",
        "{\"Authorization\":\"Bearer xyz123\",\"cookie\":\"a=b; c=d\"}",
        "{\"Authorization\":\"Bearer [secret]\",\"cookie\":\"[secret]\"}",
        "[{\"name\":\"DB_PASSWORD\",\"value\":\"x1\"},{\"name\":\"PORT\",\"value\":\"8080\"}]",
        "[{\"name\":\"DB_PASSWORD\",\"value\":\"[secret]\"},{\"name\":\"PORT\",\"value\":\"8080\"}"
        "]",
        "{\"msg\":\"login user=bob password=hunter2\",\"n\":1}",
        "{\"msg\":\"login user=bob password=[secret]\",\"n\":1}",
        "{\"msg\":\"password: 'abc1\",\"user\":\"it's\"}",
        "{\"msg\":\"password: '[secret]\",\"user\":\"it's\"}",
        "{\"msg\":\"GET /x?token=" RANDOM_VALUE "\\u0026x=1\"}",
        "{\"msg\":\"GET /x?token=[secret]\\u0026x=1\"}",
        "{\"password\":\"cut off",
        "{\"password\":\"[secret]",
        "{\"pin\":1234,\"cvv\":\"123\",\"otp\":\"123456\",\"ssn\":\"078-05-1120\"}",
        "{\"pin\":\"[secret]\",\"cvv\":\"[secret]\",\"otp\":\"[secret]\",\"ssn\":\"[ssn]\"}",
        "{\"pan\":\"4000 0000 0000 0002\"}",
        "{\"pan\":\"[card]\"}",
        "{\"passphrase\":\"may the force be with you\",\"password\":\"default!\"}",
        "{\"passphrase\":\"[secret]\",\"password\":\"[secret]\"}",
        "{\"password\":\"not my real one 9\",\"pwd\":\"/S3cr3t!\"}",
        "{\"password\":\"[secret]\",\"pwd\":\"[secret]\"}",
        "{\"password\":\"***hunter2\",\"Password\":\"redactedHunter2\"}",
        "{\"password\":\"[secret]\",\"Password\":\"[secret]\"}",
        "{\"credentials\":{\"redacted\":false,\"password\":\"x1\"}}",
        "{\"credentials\":\"[secret]\"}",
        "[null,\"Cookie: {8.8.4.4\",\"x y\"]",
        "[null,\"Cookie: [secret]\",\"x y\"]",
        "[-12.5, \"password: 'abc1\",\"it's\"]",
        "[-12.5, \"password: '[secret]\",\"it's\"]",
        NULL,
    };
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    check_redacted(r, lines);
}

TEST(redact_keys_in_text)
{
    static const char *const lines[] = {
        "user=bob password=hunter2 level=info",
        "user=bob password=[secret] level=info",
        "user=bob password=\"hunter 2\" level=info",
        "user=bob password=\"[secret]\" level=info",
        "password='it''s' user=x",
        "password='[secret]' user=x",
        "password=a,b,c user=x",
        "password=[secret] user=x",
        "GET /login?user=bob&password=hun%20ter&x=1 HTTP/1.1",
        "GET /login?user=bob&password=[secret]&x=1 HTTP/1.1",
        "user=bob&user[password]=secret1&user%5Bpassword%5D=secret2&z=1",
        "user=bob&user[password]=[secret]&user%5Bpassword%5D=[secret]&z=1",
        "UPDATE users SET password = 'it''s', name='x' WHERE id=1",
        "UPDATE users SET password = '[secret]', name='x' WHERE id=1",
        "Server=db;User Id=sa;Password=p@ss;word1;Database=x",
        "Server=db;User Id=sa;Password=[secret];Database=x",
        "DefaultEndpointsProtocol=https;AccountKey=abcd1234/+==;EndpointSuffix=core",
        "DefaultEndpointsProtocol=https;AccountKey=[secret];EndpointSuffix=core",
        "jdbc:postgresql://h/db?user=a&password=b1&ssl=true",
        "jdbc:postgresql://h/db?user=a&password=[secret]&ssl=true",
        "map[password:hunter2 user:bob]",
        "map[password:[secret] user:bob]",
        "map[Authorization:[Bearer abc] X:[1]]",
        "map[Authorization:[Bearer [secret]] X:[1]]",
        "map[password:[hunter2] user:[bob]]",
        "map[password:[secret] user:[bob]]",
        "{'password': 'hunter2', 'user': 'bob'}",
        "{'password': '[secret]', 'user': 'bob'}",
        "{'password': b'hunter2'}",
        "{'password': b'[secret]'}",
        "{\"password\"=>\"x1y2\", :password=>\"hunter2\"}",
        "{\"password\"=>\"[secret]\", :password=>\"[secret]\"}",
        "User(name=bob, password=hunter2)",
        "User(name=bob, password=[secret])",
        "{password=abc, user=bob}",
        "{password=[secret], user=bob}",
        "<user name=\"bob\" password=\"abc\"/>",
        "<user name=\"bob\" password=\"[secret]\"/>",
        "db.password: hunter2",
        "db.password: [secret]",
        "password := \"abc\"",
        "password := \"[secret]\"",
        "X-Api-Key: abc-def-123",
        "X-Api-Key: [secret]",
        "api key: abc123",
        "api key: [secret]",
        "--password=abc --user=bob",
        "--password=[secret] --user=bob",
        "userPassword=a1 DBPassword=a1 dbpass=a1 PGPASSWORD=a1 password2=a1",
        "userPassword=[secret] DBPassword=[secret] dbpass=[secret] PGPASSWORD=[secret] "
        "password2=[secret]",
        "clientSecret=a1 client_secret=a1 CLIENT-SECRET=a1 aws_secret_access_key=a1",
        "clientSecret=[secret] client_secret=[secret] CLIENT-SECRET=[secret] "
        "aws_secret_access_key=[secret]",
        "token=" RANDOM_VALUE " key=" RANDOM_VALUE " sid=" RANDOM_VALUE,
        "token=[secret] key=[secret] sid=[secret]",
        "token=" HEX_VALUE " JSESSIONID=" HEX_VALUE,
        "token=[secret] JSESSIONID=[secret]",
        "password=hunter2\nuser=bob",
        "password=[secret]\nuser=bob",
        "    [password] => hunter2 [x] => y",
        "    [password] => [secret] [x] => y",
        "a=b [password]: hunter2",
        "a=b [password]: [secret]",
        "map[password:[correcthorse]] map[X-Api-Key:[abc:123def]]",
        "map[password:[secret]] map[X-Api-Key:[secret]]",
        "password=$98765432 password=${real}secret} password=%(hunter2)s",
        "password=[secret] password=[secret]} password=[secret]",
        "password=(hunter) password='<hunter>' credentials={{root hunter2}}",
        "password=[secret] password='[secret]' credentials=[secret]",
        "password                     :                          hunter2",
        "password                     :                          [secret]",
        "password=~hunter2 password=:hunter2 password==hunter2",
        "password=[secret] password=[secret] password==[secret]",
        "login (password:hunter2, user:bob) passwd/password:hunter2 x:password:hunter2",
        "login (password:[secret], user:bob) passwd/password:[secret] x:password:[secret]",
        NULL,
    };
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    check_redacted(r, lines);
}

TEST(redact_keys_in_headers)
{
    static const char *const lines[] = {
        "Authorization: Bearer abcdef123456",
        "Authorization: Bearer [secret]",
        "Authorization: Basic dXNlcjpwYXNz",
        "Authorization: Basic [secret]",
        "Authorization: Basic dXNlcjpwYXNz Host: x",
        "Authorization: Basic [secret] Host: x",
        "curl -H 'Authorization: Basic dXNlcjpwYXNz' -v https://x",
        "curl -H 'Authorization: Basic [secret]' -v https://x",
        "Authorization: Digest username=\"bob\", realm=\"x y\", response=\"66af\" next",
        "Authorization: Digest [secret] next",
        "{\"m\":\"Authorization: Digest username=\\\"bob\\\", response=\\\"66af\\\"\",\"n\":1}",
        "{\"m\":\"Authorization: Digest [secret]\",\"n\":1}",
        "Authorization: AWS4-HMAC-SHA256 Credential=x/20130524/us-east-1/s3/aws4_request, "
        "SignedHeaders=host, Signature=fe5f80 end",
        "Authorization: AWS4-HMAC-SHA256 [secret] end",
        "Proxy-Authorization: Negotiate YIIJvwYGKwYBBQUCoIIJszCCCa",
        "Proxy-Authorization: Negotiate [secret]",
        "authorization=Bearer%20abcdef1 x=1",
        "authorization=Bearer%20[secret] x=1",
        "Cookie: sid=abc; theme=dark; x=1 Host: a",
        "Cookie: [secret] Host: a",
        "Set-Cookie: sid=abc; Path=/; HttpOnly",
        "Set-Cookie: [secret]",
        "{\"m\":\"Cookie: a=b; c=d\\r\\nHost: x\"}",
        "{\"m\":\"Cookie: [secret]\\r\\nHost: x\"}",
        "Authorization: Bearer   abc1",
        "Authorization: Bearer   [secret]",
        "Authorization: Custom a=\"b c\", d=\"e\" next",
        "Authorization: Custom [secret] next",
        "Authorization: SSWS 00aBc-x_1",
        "Authorization: SSWS [secret]",
        "Authorization: Splunk abcDEF12 next",
        "Authorization: Splunk [secret] next",
        "{\"authorization\":\"GenieKey eb243592-x\"}",
        "{\"authorization\":\"GenieKey [secret]\"}",
        NULL,
    };
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    check_redacted(r, lines);
}

TEST(redact_passwords_of_urls)
{
    static const char *const lines[] = {
        "postgres://user:pa/ss@host redis://:pa#ss@host/0 https://u:pa'ss@h/ https://u:p?s@h",
        "postgres://user:[secret]@host redis://:[secret]@host/0 https://u:[secret]@h/ "
        "https://u:[secret]@h",
        "postgres://bob:s3cr@t@db.example.com:5432/x",
        "postgres://bob:[secret]@db.example.com:5432/x",
        "redis://:pass1@h:6379/0",
        "redis://:[secret]@h:6379/0",
        "{\"url\":\"https:\\/\\/bob:pw1@example.com\\/x\"}",
        "{\"url\":\"https:\\/\\/bob:[secret]@example.com\\/x\"}",
        "amqp://bob:p%40ss%2Fword@h",
        "amqp://bob:[secret]@h",
        "app:p@ss:1@tcp(db:3306)/shop?x=1 u:x1@unix(/run/s)/d \"u:x1@(h)/\"",
        "app:[secret]@tcp(db:3306)/shop?x=1 u:[secret]@unix(/run/s)/d \"u:[secret]@(h)/\"",
        "jdbc:oracle:thin:scott/tiger1@//db:1521/XE",
        "jdbc:oracle:thin:scott/[secret]@//db:1521/XE",
        "https://" RANDOM_VALUE "@github.com/o/r.git",
        "https://[secret]@github.com/o/r.git",
        "mongodb+srv://u:p1@h1,h2/db?x=1",
        "mongodb+srv://u:[secret]@h1,h2/db?x=1",
        "https://host:8080/a@b",
        "",
        "https://host:8080?m=a@b",
        "",
        "/a/scott/x@y jdbc:oracle:thin:@db:1521 user@(x) a: b@tcp(c) a:b@(c)",
        "",
        "git+ssh://git@github.com:22/x",
        "",
        "ssh://bob@host:22",
        "",
        "'https://h:a','x@y' https://h:b//x@y http://{h}:{p}/x@y",
        "",
        "http://[::1]:8080/x@y",
        "",
        "a://b",
        "",
        "https://bob:***@h",
        "",
        NULL,
    };
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    check_redacted(r, lines);
}

TEST(redact_keys_keep_what_is_no_secret)
{
    static const char *const lines[] = {
        "Invalid password: user not found",
        "using password: YES",
        "Wrong password: too short",
        "password: required",
        "{\"errors\":{\"password\":\"can't be blank\",\"email\":\"is invalid\"}}",
        "{\"msg\":\"enter password: \",\"user\":\"bob\"}",
        "Authorization: failed for user bob",
        "secret: kube-system/bootstrap-token",
        "{\"secret\":\"myapp-pg-cluster-app\"}",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbC123",
        "mount /etc/passwd:/etc/passwd:ro",
        "pam_unix(chpasswd:chauthtok): password changed for bob",
        "PWD=/srv/app OLDPWD=/var/x",
        "login with [secret:k1:4f9c2ad10c6be7a3] and [ssn:1120]",
        "{\"msg\":\"x [secret:k1:4f9c2ad10c6be7a3]\"}",
        "pass=12 fail=0 bypass=abc compass=n pw=0.35 pw: 12px pass=99.5%",
        "token_type=bearer tokens: 12345 max_tokens=4096",
        "token=abc123 next_page_token=" RANDOM_VALUE,
        "key=users:42:profile key=value",
        "key=" UUID_VALUE " token=" UUID_VALUE,
        "key=" HEX_VALUE " hash=" HEX_VALUE,
        "{\"token\":[\"plain\",\"words\"],\"session\":\"550e8400-e29b-41d4-a716-446655440000\"}",
        "password=$DB_PASSWORD token=AbstractFactoryBeanProviderName metric{password=~\"a.*\"}",
        "sessionid:0x14ede63a5a70001",
        "session opened for user root by (uid=0)",
        "author: someone",
        "primary key: " RANDOM_VALUE,
        "public_key=" RANDOM_VALUE,
        "cookie: none",
        "cookie=0x0, duration=12.1s",
        "gpio pin=13 pin: 4",
        "pan=12 tilt=3",
        "panic: runtime error",
        "password_reset_at=2024-05-01T10:00:00Z",
        "privateKey: /etc/ssl/private/key.pem",
        "access_token_url=https://x.example/z",
        "credentials: include",
        "key=getUserProfileById42AndName",
        "key=2024-05-01T10:00:00.123456Z",
        "key=org.example.app.Main$Inner1",
        "cache_key=" RANDOM_VALUE,
        "password=[secret]",
        "password=***",
        "password=${PW}",
        "password=%s",
        "password=<hidden>",
        "password=(null) password=<your-password> password=$1 password={{ .Values.pw }}",
        "password=%(password_1)s {\"password\":\"[Filtered]\",\"pwd\":\"not found\"}",
        "{\"credentials\":[\"REDACTED\",\"***\"],\"pwd\":\"/run/x\",\"passwd\":\"/x.key\"}",
        "password=",
        "password: ",
        "password",
        "=password",
        "password==x",
        "WHERE name=:name AND password=:password_1 OR password=:pw AND password=:1",
        "mount /x/passwd:rw,z password =~ x1 password==\"x1\"",
        "password::text",
        "index \"fk_authorization\": pages: 10",
        "if password != x",
        "{\"password\":null,\"secret\":true}",
        "{\"type\":\"password\",\"name\":\"x\"}",
        "{\"Cookie\":[\"REDACTED\"]}",
        "k8s secret \"x\" not found",
        "fs.secret.key: *********(redacted)",
        "{\"value\":\"x1\",\"password\":\"\"}",
        NULL,
    };
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    check_unchanged(r, lines);
}

TEST(redact_keys_lists_and_sessions)
{
    static const char *const lines[] = {
        "{\"tokens\":[\"" RANDOM_VALUE "\",\"a\",\"" HEX_VALUE "\"],\"n\":1}",
        "{\"tokens\":[\"[secret]\",\"a\",\"[secret]\"],\"n\":1}",
        "{\"secrets\":{\"a\":\"" RANDOM_VALUE "\",\"" HEX_VALUE "\":{\"token\":[\"" HEX_VALUE
        "\"]}}}",
        "{\"secrets\":{\"a\":\"[secret]\",\"" HEX_VALUE "\":{\"token\":[\"[secret]\"]}}}",
        "map[X-Csrf-Token:[" RANDOM_VALUE "]] session=" HEX_VALUE,
        "map[X-Csrf-Token:[[secret]]] session=[secret]",
        "csrf_token=npkbtbBVOPJdkZQXsCaLOTfsPRIOKxiAHkhtD",
        "csrf_token=[secret]",
        "DETAIL:  Key (api_key)=(hunter2) already exists.",
        "DETAIL:  Key (api_key)=([secret]) already exists.",
        "password=~^ku-H2 user=x",
        "password=[secret] user=x",
        NULL,
    };
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    check_redacted(r, lines);
}

TEST(redact_keys_in_escaped_quotes)
{
    static const char *const lines[] = {
        "10.0.0.1 \"POST /\" \"{\\x22user\\x22:\\x22bob\\x22,\\x22password\\x22:\\x22a "
        "b\\x22,\\x22n\\x22:1}\"",
        "10.0.0.1 \"POST /\" "
        "\"{\\x22user\\x22:\\x22bob\\x22,\\x22password\\x22:\\x22[secret]\\x22,\\x22n\\x22:1}\"",
        "<a v=\"{&quot;pwd&quot;: &quot;x1&quot;}\"/> {&#34;apiKey&#34;:&#34;x2&#34;}",
        "<a v=\"{&quot;pwd&quot;: &quot;[secret]&quot;}\"/> {&#34;apiKey&#34;:&#34;[secret]&#34;}",
        "{\"m\":\"{\\u0022password\\u0022:\\u0022x1\\u0022}\",\"n\":\"y\"}",
        "{\"m\":\"{\\u0022password\\u0022:\\u0022[secret]\\u0022}\",\"n\":\"y\"}",
        "{\"m\":\"{\\u0022password\\u0022:\\u0022x1 y\",\"n\":\"y\"}",
        "{\"m\":\"{\\u0022password\\u0022:\\u0022[secret]\",\"n\":\"y\"}",
        "%22password%22:%22x1%22 ok",
        "%22password%22:%22[secret]%22 ok",
        "\\x22password\\x22:\\x22\\x22 password22:x2 22:x3",
        "\\x22password\\x22:\\x22\\x22 password22:x2 22:x3",
        NULL,
    };
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    check_redacted(r, lines);
}

/* A list of which the mark is all that is left. */
TEST(redact_keys_list_of_a_mark)
{
    static const char *const lines[] = {
        "headers={PRIVATE-TOKEN=[Basic " RANDOM_VALUE "], Host=[api]}",
        "headers={PRIVATE-TOKEN=[[secret]], Host=[api]}",
        NULL,
    };
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    check_redacted(r, lines);
}

/* A URL, JSON or a form that is a parameter of a URL; and JSON that is safe in HTML. */
TEST(redact_keys_behind_escaped_signs)
{
    static const char *const lines[] = {
        "GET /x?f=%7B%22password%22%3A%22hunter2%22%7D&x=1",
        "GET /x?f=%7B%22password%22%3A%22[secret]%22%7D&x=1",
        "GET /cb?next=https%3A%2F%2Fh.example%2F%3Faccess_token%3D" RANDOM_VALUE "%26a%3Db",
        "GET /cb?next=https%3A%2F%2Fh.example%2F%3Faccess_token%3D[secret]%26a%3Db",
        "GET /q?u=postgres%3A%2F%2Fapp%3Ahunter2%40db%2Fx",
        "GET /q?u=postgres%3A%2F%2Fapp%3A[secret]%40db%2Fx",
        "body=user%3Dbob%26password%3Dhunter2%26x%3D1",
        "body=user%3Dbob%26password%3D[secret]%26x%3D1",
        "{\"url\":\"/x?q=%7B%22name%22%3A%22bob%22%2C%22apiKey%22%3A%22" RANDOM_VALUE
        "%22%7D\",\"n\":1}",
        "{\"url\":\"/x?q=%7B%22name%22%3A%22bob%22%2C%22apiKey%22%3A%22[secret]%22%7D\",\"n\":1}",
        "GET /x?password=correct%20horse%3Dbattery&next=%2Fa%3Fb%3Dc",
        "GET /x?password=[secret]&next=%2Fa%3Fb%3Dc",
        "{\"url\":\"/x?token\\u003d" RANDOM_VALUE "\\u0026x\\u003d1\",\"n\":1}",
        "{\"url\":\"/x?token\\u003d[secret]\\u0026x\\u003d1\",\"n\":1}",
        "{\"m\":\"{\\\"q\\\":\\\"password\\\\u003dhunter2\\\\u0026x\\\\u003d1\\\"}\"}",
        "{\"m\":\"{\\\"q\\\":\\\"password\\\\u003d[secret]\\\\u0026x\\\\u003d1\\\"}\"}",
        "{\"body\":\"\\u003cpassword\\u003ehunter2\\u003c/password\\u003e\",\"n\":1}",
        "{\"body\":\"\\u003cpassword\\u003e[secret]\\u003c/password\\u003e\",\"n\":1}",
        "{\"sql\":\"ALTER USER a PASSWORD \\u0027hunter2\\u0027\",\"x\":\"y\\u003d1\"}",
        "{\"sql\":\"ALTER USER a PASSWORD \\u0027[secret]\\u0027\",\"x\":\"y\\u003d1\"}",
        "{\"m\":\"a \\u003c b \\u003d c \\\\u003d d\"}",
        "",
        "GET /x?next=%2Fy%3Fpage%3D2%26sort%3Dname%26token_type%3Dbearer",
        "",
        "GET /x?q=abc%3D%3D&sig=%2B%3D&e=%3Dx HTTP/1.1",
        "",
        NULL,
    };
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    check_redacted(r, lines);
}

/* A long value that is none itself hides no pairs. */
TEST(redact_keys_in_long_values)
{
    static const struct {
        const char *before, *behind, *after;
    } cases[] = {
        {"{\"authorization\":\"https://h/x?pad=", "&access_token=hunter2\",\"n\":1}",
         "&access_token=[secret]\",\"n\":1}"},
        {"password=/srv/", " x password=hunter2", " x password=[secret]"},
    };
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    for (size_t i = 0; i < countof(cases); i++) {
        defer(buf_free) struct buf line = {0}, expected = {0}, out = {0};
        buf_print(&line, "%s%02000d%s", cases[i].before, 0, cases[i].behind);
        buf_print(&expected, "%s%02000d%s", cases[i].before, 0, cases[i].after);
        CHECK_STR(redacted(r, buf_str(&line), &out), buf_str(&expected));
    }
    defer(buf_free) struct buf line = {0}, out = {0};
    buf_print(&line, "{\"password\":\"%03000d\",\"n\":1}", 7);
    CHECK_STR(redacted(r, buf_str(&line), &out), STR("{\"password\":\"[secret]\",\"n\":1}"));
}

static clock_t time_for(const struct redactor *r, struct str line)
{
    defer(redaction_free) struct redaction room = {.n = 0};
    clock_t from = clock();
    redact_find(r, &room, NULL, line);
    return clock() - from;
}

/* What is asked for each pair is not looked for in all of the line each time: much in front does not count. */
TEST_SLOW(redact_keys_behind_much_that_is_none, 120)
{
    enum { FRONT = 512 << 10, LEN = 1 << 20 };
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    defer(buf_free) struct buf line = {.max = LEN};
    while (line.len < FRONT)
        buf_add_byte(&line, ' ');
    while (line.len < LEN - 16)
        buf_add(&line, STR("apikey=x "));
    clock_t alone = time_for(r, str_slice(buf_str(&line), FRONT, SIZE_MAX));
    CHECK(time_for(r, buf_str(&line)) < 16 * alone + CLOCKS_PER_SEC / 10);
}

TEST(redact_key_names)
{
    static const struct {
        const char *text;
        int class; /* -1: none */
    } names[] = {
        {"password", KEY_STRONG},
        {"PASSWORD", KEY_STRONG},
        {"new_password", KEY_STRONG},
        {"apiKey", KEY_STRONG},
        {"api_key", KEY_STRONG},
        {"X-API-KEY", KEY_STRONG},
        {"Api Key", KEY_STRONG},
        {"myapikey", KEY_STRONG},
        {"api.key", KEY_STRONG},
        {"key", KEY_WEAK},
        {"monkey", -1},
        {"turkey", -1},
        {"keyboard", -1},
        {"publicKey", -1},
        {"primary_key", -1},
        {"pin", KEY_DIGITS},
        {"userPin", KEY_DIGITS},
        {"spin", -1},
        {"ssn", KEY_DIGITS},
        {"pass", KEY_PASS},
        {"bypass", -1},
        {"dbPass", KEY_STRONG},
        {"DB_PASS", KEY_STRONG},
        {"authorization", KEY_HEADER},
        {"Proxy-Authorization", KEY_HEADER},
        {"author", -1},
        {"token", KEY_TOKENS},
        {"tokens", KEY_TOKENS},
        {"token_type", -1},
        {"id_token", KEY_STRONG},
        {"idToken", KEY_STRONG},
        {"validtoken", -1},
        {"secret", KEY_SECRET},
        {"session_id", KEY_TOKEN},
        {"sessionId", KEY_TOKEN},
        {"password2", KEY_STRONG},
        {"passwordHash", KEY_STRONG},
        {"password_reset_at", -1},
        {"", -1},
        {"1", -1},
        {"d", -1},
    };
    struct name_ends ends = {.four = {0}};
    key_ends_add(&ends);
    for (size_t i = 0; i < countof(names); i++) {
        struct str text = str_from(names[i].text);
        const struct key_name *name = key_name_of(text);
        if ((name ? name->class : -1) != names[i].class)
            test_fail(__FILE__, __LINE__, "%s is of class %d", names[i].text,
                      name ? name->class : -1);
        CHECK(!name || name_ends_have(&ends, text, text.len));
    }
}

TEST(redact_randomness)
{
    static const char *const random[] = {
        RANDOM_VALUE,
        "kJ8sd7fGh3kL9dPq",
        "dGhpcyBpcyBhIHNlY3JldCBrZXkgMTIzNDU2Nzg5MA==",
        "x7k2m9p4q8w3e5r1t6y0u2i9o3p5a7s4",
        "AbC1+dEf2/GhI3+jKl4/MnO5",
    };
    static const char *const plain[] = {
        "",
        "short1A",
        UUID_VALUE,
        HEX_VALUE,
        "getUserProfileByIdAndName",
        "2024-05-01T10:00:00.123Z",
        "1234567890123456",
        "users-42-profile-7-settings",
        "/usr/local/lib/python3.11/site",
        "org.apache.spark.sql.execution",
        "my-service-7d9f8b6c5d-x2x4z",
        "0x14ede63a5a7000100aBcD",
        "hello world this is 1",
    };
    for (size_t i = 0; i < countof(random); i++) {
        if (!is_random(str_from(random[i])))
            test_fail(__FILE__, __LINE__, "%s is not random", random[i]);
    }
    for (size_t i = 0; i < countof(plain); i++) {
        if (is_random(str_from(plain[i])))
            test_fail(__FILE__, __LINE__, "%s is random", plain[i]);
    }
    CHECK(is_random_hex(STR(HEX_VALUE)));
    CHECK(!is_random_hex(STR("00000000000000000000000000000000")));
    CHECK(!is_random_hex(STR("12345678901234567890123456789012")));
}

/* redact.h, invariant 3: over lines of JSON into whose strings pieces with quotes, brackets and names are put. */
TEST(redact_keys_leave_json_valid)
{
    static const char *const pieces[] = {
        "password",
        "\\\"",
        ":",
        "=",
        " ",
        "'",
        "x1",
        "{",
        "}",
        "[",
        "]",
        ",",
        "secret",
        "token",
        "\\\\",
        "\\n",
        "authorization",
        "Bearer ",
        "cookie",
        "a=b; ",
        "credentials",
        "Digest a=\\\"b\\\", ",
        "://u:p@h",
        "-----BEGIN PRIVATE KEY-----",
    };
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    defer(buf_free) struct buf line = {0}, out = {0};
    uint64_t seed = 7;
    for (int i = 0; i < 20000; i++) {
        buf_reset(&line);
        buf_add(&line, STR("{\"a\":\""));
        for (int k = 0; k < 12; k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            buf_add(&line, str_from(pieces[(seed >> 33) % countof(pieces)]));
        }
        buf_add(&line, STR("\",\"password\":{\"x\":[1,\"]\"]},\"b\":\"it's\",\"pin\":1234}"));
        struct field items[64];
        struct fields fields = {.items = items, .max = countof(items)};
        struct flatten_result result = {.is_whole = false};
        flatten_json(redacted(r, buf_str(&line), &out), 0, &fields, &result);
        if (!result.is_whole) {
            test_fail(__FILE__, __LINE__, "%s became %s", buf_text(&line), buf_text(&out));
            return;
        }
    }
}

TEST_SLOW(redact_keys_are_linear, 60)
{
    static const char *const pieces[] = {
        "\\x22password\\x22:\\x22",
        "\\x22key\\x22:\\x22a",
        "u:x@tcp(",
        "u:x@",
        "password:",
        "password=",
        "\"password\":\"",
        "password:[",
        "secret:[",
        "\"credentials\":{",
        "token=",
        "key=\"",
        "password=/x",
        "password='",
        "cookie: a=",
        "authorization: digest a=\"",
        "password=http://",
        "://a:b",
        "a://b:c@",
        "\\\"password\\\":\\\"",
        "password=a,",
        "password=a;b ",
        "{\"name\":\"password\",\"value\":\"",
        ":",
        "=",
        "\\",
        "'",
        "]",
        "password=a&",
        "a://b:c",
        "a://b:c?",
        "a://b:c/d",
        "password=\\",
        "password:{\"",
        "pin=1",
        "authorization: bearer ",
        "password \" : \"",
        "%22password%22%3A%22",
        "password%3D",
        "a%3D%2526b%253D",
        "password\\u003d",
        "\\\\\\\\",
        "\\u003cpassword\\u003e",
    };
    defer(redactor_close) struct redactor *r =
        secrets_redactor((struct str[]){STR_INIT("**.x1")}, 1);
    for (size_t i = 0; i < countof(pieces); i++)
        check_linear(r, pieces[i]);
}

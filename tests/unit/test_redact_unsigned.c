/* Values whose names no ':' or '=' follows: formats/redact/elements.c, clauses.c, options.c. */
#include "base/mem.h"
#include "tests/test.h"
#include "tests/unit/secrets_helper.h"

#define RANDOM_VALUE "Zk3hfD92kslQpw83Jd0a"

TEST(redact_elements)
{
    static const char *const lines[] = {
        "<login><user>bob</user><password>hun ter2</password></login>",
        "<login><user>bob</user><password>[secret]</password></login>",
        "<ns:ApiKey type=\"text\">x1</ns:ApiKey> <Password\n  a='b'>x2</Password>",
        "<ns:ApiKey type=\"text\">[secret]</ns:ApiKey> <Password\n  a='b'>[secret]</Password>",
        "<password><![CDATA[a<b]]></password>",
        "<password><![CDATA[[secret]]]></password>",
        "{\"m\":\"<a><password type=\\\"x\\\">hunter2<\\/password>\",\"n\":1}",
        "{\"m\":\"<a><password type=\\\"x\\\">[secret]<\\/password>\",\"n\":1}",
        "<property name=\"db.password\">x1</property><entry key='password'>x2</entry>",
        "<property name=\"db.password\">[secret]</property><entry key='password'>[secret]</entry>",
        "<add key=\"DbPassword\" value=\"x1\"/> <property name='apiKey' value='x2' />",
        "<add key=\"DbPassword\" value=\"[secret]\"/> <property name='apiKey' value='[secret]' />",
        "{\"m\":\"<add name=\\\"password\\\" value=\\\"x1\\\"/>\"}",
        "{\"m\":\"<add name=\\\"password\\\" value=\\\"[secret]\\\"/>\"}",
        "<token>" RANDOM_VALUE "</token><token>abc</token>",
        "<token>[secret]</token><token>abc</token>",
        NULL,
    };
    static const char *const none[] = {
        "<password></password><password/><password type=\"x\"/>text</a>",
        "<password><old>x</old></password>",
        "<password>${DB_PASSWORD}</password><password>***</password>",
        "<button name=\"password\">Show</button><label for=\"password\">Password</label>",
        "{\"a\":\"<password>\",\"b\":\"x</b>\"}",
        "<publicKey>" RANDOM_VALUE "</publicKey>",
        "a <password b <password> and <passwordless>x</passwordless>",
        "<xs:element name=\"password\" type=\"xs:string\"/>",
        "<add key=\"port\" value=\"80\"/> <add key=\"password\" x=\"1\" value=\"80\"/>",
        NULL,
    };
    const struct str key = STR("**.birthday");
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    defer(redactor_close) struct redactor *own = secrets_redactor(&key, 1);
    defer(buf_free) struct buf out = {0};
    check_redacted(r, lines);
    check_unchanged(r, none);
    CHECK_STR(redacted(own, STR("<u><birthDay>1.2.1980</birthDay></u>"), &out),
              STR("<u><birthDay>[secret]</birthDay></u>"));
}

TEST(redact_clauses)
{
    static const char *const lines[] = {
        "CREATE USER app IDENTIFIED BY 'x''1' REQUIRE SSL",
        "CREATE USER app IDENTIFIED BY '[secret]' REQUIRE SSL",
        "create user a@'%' identified with mysql_native_password by 'x1', b identified by password "
        "'x2'",
        "create user a@'%' identified with mysql_native_password by '[secret]', b identified by "
        "password '[secret]'",
        "ALTER USER a IDENTIFIED WITH sha2 AS '*2470C0'",
        "ALTER USER a IDENTIFIED WITH sha2 AS '[secret]'",
        "{\"q\":\"ALTER ROLE app WITH ENCRYPTED PASSWORD 'SCRAM-SHA-256$4096:x' LOGIN\"}",
        "{\"q\":\"ALTER ROLE app WITH ENCRYPTED PASSWORD '[secret]' LOGIN\"}",
        "SET PASSWORD FOR 'bob'@'%' = PASSWORD('x1'); ALTER LOGIN sa WITH PASSWORD = N'x2';",
        "SET PASSWORD FOR 'bob'@'%' = PASSWORD('[secret]'); ALTER LOGIN sa WITH PASSWORD = "
        "N'[secret]';",
        "CREATE SECRET (TYPE S3, ACCESS_KEY 'x1', REGION 'eu')",
        "CREATE SECRET (TYPE S3, ACCESS_KEY '[secret]', REGION 'eu')",
        NULL,
    };
    static const char *const none[] = {
        "SELECT 'password', 'x' FROM t WHERE a LIKE 'b' AND c = 'password'",
        "Unknown column 'password' in 'field list'",
        "Duplicate entry 'x' for key 'PRIMARY'",
        "password 'must be longer' or 'not set', password '***', password ''",
        "secret 'db-creds' not found, token 'abc' expired",
        "the users' passwords 'til now",
        "identified 'x' by 'y', selected by 'z'",
        NULL,
    };
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    check_redacted(r, lines);
    check_unchanged(r, none);
}

TEST(redact_options)
{
    static const char *const lines[] = {
        "+ deploy --password hunter --server db -password x1 --api-key x2",
        "+ deploy --password [secret] --server db -password [secret] --api-key [secret]",
        "x --password 'a b' --passphrase \"c d\" ok",
        "x --password '[secret]' --passphrase \"[secret]\" ok",
        "{\"m\":\"x --password \\\"a b\\\" y\",\"args\":[\"--password\", \"x1\",\"--user\",\"u\"]}",
        "{\"m\":\"x --password \\\"[secret]\\\" y\",\"args\":[\"--password\", "
        "\"[secret]\",\"--user\",\"u\"]}",
        "['mysql', '-pHunter', '--password', 'x1']",
        "['mysql', '-p[secret]', '--password', '[secret]']",
        "{\"m\":\"[\\\"--token\\\",\\\"" RANDOM_VALUE "\\\"]\"}",
        "{\"m\":\"[\\\"--token\\\",\\\"[secret]\\\"]\"}",
        "curl -s -u bob:hunter2 https://h/; curl --user 'bob:a b' -U p:x1 https://h/",
        "curl -s -u bob:[secret] https://h/; curl --user 'bob:[secret]' -U p:[secret] https://h/",
        "/usr/bin/mysqldump -uroot -phunter2 shop | sshpass -p x1 ssh h",
        "/usr/bin/mysqldump -uroot -p[secret] shop | sshpass -p [secret] ssh h",
        "docker login -u bob -p x1 r.example; redis-cli -h h -a x2 ping",
        "docker login -u bob -p [secret] r.example; redis-cli -h h -a [secret] ping",
        "{\"cmd\":[\"sshpass\",\"-p\",\"x1\",\"ssh\"]}",
        "{\"cmd\":[\"sshpass\",\"-p\",\"[secret]\",\"ssh\"]}",
        NULL,
    };
    static const char *const none[] = {
        "--token is old, use --auth-token instead",
        "use --password to set one; --password is required; --password --user bob",
        "usage: x [--password PASSWORD] [--api-key API_KEY] --token string",
        "x --password-stdin --password-file /run/x --password",
        "x --password-length 12 --pass 3 --key value --token abc",
        "{\"args\":[\"--password\"],\"b\":\"x\"}",
        "mysql -h h -P 3306 -p shop; psql -p 5432; mysql -p3306 x",
        "docker run -u 1000:1000 -p 8080:80 x; user login; ssh -p 22 h",
        "curl -u bob https://h:80/ -user x",
        "docker run --user app:app x",
        "a -- b --- c -----END PUBLIC KEY----- -1 x-password y",
        "git log -p abc --author x",
        NULL,
    };
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    check_redacted(r, lines);
    check_unchanged(r, none);
}

TEST_SLOW(redact_unsigned_are_linear, 120)
{
    static const char *const pieces[] = {
        "<password ",
        "<password>",
        "<password>x",
        "<a name=\"password\">",
        "<",
        "<password><![CDATA[",
        "\"<password>",
        "password '",
        "identified by ",
        " by '",
        "--password '",
        "--password \"",
        "--password ",
        "-p",
        " -p ",
        "mysql -p",
        "curl -u a:",
        "'",
        "[\"--password\",",
        "name=\"password\" value=",
    };
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    for (size_t i = 0; i < countof(pieces); i++)
        check_linear(r, pieces[i]);
}

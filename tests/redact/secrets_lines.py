"""Lines with secrets that are known by what stands around them: headers, passwords in URLs, connection strings, private keys."""
import base64

import carriers, tokens
from carriers import agent, compact, fields, host, mixed, percent, time
from marks import around, mark, may_go
from tokens import HEX, named, password, pem_lines, some, token


def secret(form, value):
    return mark("secrets", form, value)


def bearer(r):
    scheme = r.choice(["Bearer", "Bearer", "bearer", "Token"])
    return around(f"{scheme} {secret('bearer header', token(r))}")


def basic(r):
    user = base64.b64encode(f"{r.choice(['admin', 'svc', 'bob'])}:{password(r)}".encode()).decode()
    return around(f"Basic {secret('basic header', user)}")


def in_headers(r, name, value):
    """A header as it gets into logs. value has its marks."""
    return r.choice([
        lambda: f"{r.choice(['> ', '', '    '])}{name}: {value}",
        lambda: compact({"level": 30, "req": {"method": "GET",
                                              "headers": {"host": "api", name.lower(): value, "user-agent": agent(r)}}}),
        lambda: f"curl -H '{name}: {value}' -H 'Accept: */*' https://api.example.com/v1",
        lambda: f"{time(r)} DEBUG headers={{Accept=[*/*], {name}=[{value}], Host=[api]}}",
        lambda: f"{time(r)} DEBUG request headers: Host: api; {name}: {value}" if ";" not in value else f"{name}: {value}",
        lambda: f"{{'Host': 'api', '{name}': '{value}', 'Accept': '*/*'}}",
        lambda: compact({"body": compact({"headers": {name: value, "accept": "*/*"}})}),
        lambda: f"{time(r)} GET /v1 HTTP/1.1\\r\\nHost: api\\r\\n{name}: {value}\\r\\nAccept: */*\\r\\n\\r\\n",
    ])()


def authorization(r):
    return in_headers(r, r.choice(["Authorization", "Proxy-Authorization"]), r.choice([bearer, basic])(r))


def key_header(r):
    name = r.choice(["X-Api-Key", "X-API-KEY", "Api-Key", "X-Auth-Token", "X-Access-Token", "PRIVATE-TOKEN",
                     "X-Csrf-Token", "X-Amz-Security-Token", "X-Vault-Token"])
    return in_headers(r, name, secret("key header", token(r)))


def cookie(r):
    value = f"{r.choice(['sid', 'JSESSIONID', '_session', 'auth'])}={secret('cookie', some(r, r.randrange(24, 60)))}"
    if r.random() < 0.5:
        return in_headers(r, "Cookie", around(f"theme=dark; {value}; lang=en" if r.random() < 0.5 else value))
    return in_headers(r, "Set-Cookie", around(f"{value}; Path=/; HttpOnly; Max-Age=3600"))


def url(r):
    scheme = r.choice(["postgres", "postgresql", "mysql", "redis", "rediss", "amqp", "mongodb", "mongodb+srv", "https",
                       "http", "ftp", "smtp", "ldap"])
    user = "" if scheme.startswith("redis") and r.random() < 0.5 else r.choice(["app", "admin", "svc-user", "user%40corp"])
    text = f"{scheme}://{around(user + ':' + secret('password in a URL', percent(password(r))))}@{host(r)}:{r.randrange(1000, 9999)}/{r.choice(['shop', '0', ''])}"
    return r.choice([lambda: f"{time(r)} INFO connecting to {text}", lambda: f"DATABASE_URL={text}",
                     lambda: compact({"msg": f"cannot connect to {text}", **fields(r)}),
                     lambda: compact({"config": {"url": text}}), lambda: f"git clone {text}",
                     lambda: f"Error: connect ECONNREFUSED ({text})",
                     lambda: f"  url: {text}", lambda: f"dsn=\"{text}\" pool=5", lambda: f"<url>{text}</url>",
                     lambda: compact({"x": compact({"u": text})})])()


def connection_string(r):
    word = secret("connection string", password(r))
    text = r.choice([
        f"Server=tcp:db.example.com,1433;Database=shop;User Id=sa;Password={word};Encrypt=True;",
        f"Data Source=db;Initial Catalog=shop;User ID=app;Pwd={word};",
        f"host=db port=5432 user=app password={word} dbname=shop sslmode=require",
        f"jdbc:mysql://db:3306/shop?user=app&password={word}&useSSL=true",
        f"jdbc:sqlserver://db:1433;databaseName=shop;user=app;password={word};encrypt=true",
        f"amqp host=mq;username=app;password={word}",
        "DefaultEndpointsProtocol=https;AccountName=shopdata;AccountKey=" + secret("connection string",
                                                                                   base64.b64encode(r.randbytes(64)).decode()) + ";EndpointSuffix=core.windows.net",
        "Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=root;SharedAccessKey=" + secret("connection string", base64.b64encode(r.randbytes(32)).decode()),
        f"redis.example.com:6380,password={word},ssl=True,abortConnect=False",
        f"Driver={{ODBC Driver 18}};Server=db;Uid=app;Pwd={word};"])
    return r.choice([lambda: f"{time(r)} connecting: {text}", lambda: compact({"msg": "start", "connectionString": text}),
                     lambda: f"CONNECTION_STRING=\"{text}\"",
                     lambda: f"{time(r)} ERROR cannot open '{text}'"])()


def signed_url(r):
    return r.choice([
        lambda: f'"GET https://files.example.com/a.pdf?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20261120T092201Z&X-Amz-Signature={secret("signature in a URL", some(r, 64, HEX))} HTTP/1.1" 200',
        lambda: f'GET /container/a.pdf?sv=2024-11-04&sr=b&sp=r&sig={secret("signature in a URL", percent(base64.b64encode(r.randbytes(32)).decode()))} 200'])()


def command_line(r):
    word = secret("command line", password(r))
    return r.choice([f"+ deploy --user admin --password={word} --verbose", f"+ PGPASSWORD={word} psql -h db shop",
                     f"export DB_PASSWORD={word}",
                     f"exec: mysqldump --user=root --password='{word}' shop",
                     f"docker run -e MYSQL_ROOT_PASSWORD={word} mysql:8", f"+ login --password {word} --server db",
                     f"+ mysqldump -h db -uroot -p{word} shop", f"sh -c sshpass -p {word} ssh deploy@web-1",
                     f"+ docker login -u ci -p {word} registry.example.com", f"+ curl -fsS -u 'bot:{word}' https://api.example.com/v1",
                     f"Running: cli --user=bob -password '{word}' --verbose",
                     around(compact({"msg": "spawn", "args": ["tool", "--user", "bob", "--password", word, "-v"]})),
                     f"{time(r)} exec ['tool', '--passphrase', '{word}', '--batch']"])


def sql_password(r):
    word = secret("SQL", password(r))
    return r.choice([f"CREATE USER app IDENTIFIED BY '{word}'", f"ALTER ROLE app WITH PASSWORD '{word}'",
                     f"ALTER USER app IDENTIFIED WITH caching_sha2_password BY '{word}' PASSWORD EXPIRE NEVER",
                     f"GRANT ALL ON shop.* TO 'app'@'%' IDENTIFIED BY '{word}' WITH GRANT OPTION",
                     f"{time(r)} ERROR: ALTER LOGIN sa WITH PASSWORD = N'{word}'",
                     around(compact({"level": 30, "query": f"ALTER ROLE app WITH ENCRYPTED PASSWORD '{word}' VALID UNTIL 'infinity'"})),
                     f"LOG:  statement: ALTER USER app PASSWORD '{word}';",
                     f"UPDATE users SET password = '{word}' WHERE id = 7"])


def xml_password(r):
    word = secret("XML", carriers.xml(password(r)))
    name = r.choice(["password", "Password", "wsse:Password", "dbPassword", "ns2:apiKey", "client_secret"])
    text = r.choice([f"<login><user>bob</user><{name}>{word}</{name}></login>", f'<{name} type="text">{word}</{name}>',
                     f"<{name}><![CDATA[{word}]]></{name}>", f'<property name="db.{name}">{word}</property>',
                     f'<add key="{name}" value="{word}"/>', f"<entry key='{name}'>{word}</entry>"])
    return r.choice([lambda: text, lambda: f"{time(r)} DEBUG request: <?xml version='1.0'?>{text}",
                     lambda: around(compact({"level": 20, "body": text, **fields(r, 1)}))])()


def by_name(r):
    form, name, value = named(r)
    carrier = r.choice(carriers.NAMED)
    if form == "password" and r.random() < 0.15 and carrier in (carriers.pino, carriers.nested_json, carriers.spaced_json,
                                                                carriers.json_in_json, carriers.logfmt,
                                                                carriers.access):
        form, value = "password with escapes", tokens.hard_password(r)
    if form == "short" and carrier in (carriers.header, carriers.yaml):
        return None
    return carrier(r, name, secret(f"name: {form}", value))


def by_name_elsewhere(r):
    form, name, value = named(r)
    return r.choice(carriers.NAMED_ELSEWHERE)(r, name, secret("name in SQL, XML, Ruby", value))


def by_name_in_text(r):
    form, name, value = named(r)
    if form == "short":
        return None
    return r.choice([f"{time(r)} DEBUG using {name}={secret('name in a sentence', value)}",
                     f"{time(r)} login failed, {name}: {secret('name in a sentence', value)}",
                     f"{time(r)} [{name}: {secret('name in a sentence', value)}] retry",
                     f"{name} = {secret('name in a sentence', value)}",
                     f"{time(r)} with {name}='{secret('name in a sentence', value)}', user=bob"])


def containers(r):
    """A name above several values."""
    name = r.choice(["password", "secrets", "credentials", "token"])
    values = [secret("name of a list or object", token(r)) for _ in range(2)]
    inner = values if r.random() < 0.5 else {"a": values[0], "b": {"c": values[1]}}
    rest = r.choice(["", ',"ok":true'])
    return f'{{"level":30,"{name}":{around(compact(inner))}{rest}}}'


def provider(r):
    name, make = r.choice(list(tokens.PROVIDERS.items()))
    value = make(r)
    text = around(value[0] + secret(name, value[1])) if isinstance(value, tuple) else secret(name, value)
    if r.random() < 0.3:
        return r.choice([carriers.pino, carriers.json_in_json, carriers.logfmt, carriers.yaml])(r,
                                                                                                r.choice(["value", "arg",
                                                                                                          "x", "config"]), text)
    return r.choice([c for c in carriers.BARE_TEXT])(r, "value", text)


def pem_inline(r):
    first, *body, last = pem_lines(r)
    text = around(f"{first}\n{secret('PEM in a record', chr(10).join(body))}\n{last}" + r.choice(["", "\n"]))
    return r.choice([lambda: compact({"level": 30, "config": mixed(r, {r.choice(["key", "tls", "pem", "private_key"]): text})}),
                     lambda: compact({"msg": f"loaded {text} from disk"}), lambda: compact({"body": compact({"pem": text})}),
                     lambda: f"{time(r)} KEY=\"{text}\" loaded".replace("\n", "\\n"),
                     lambda: f"{time(r)} key: {text}".replace("\n", " ")])()


def pem_records(r):
    """Lines that follow each other."""
    indent = r.choice(["", "", "    ", "  | "])
    first, *body, last = pem_lines(r)
    return [around(indent + text) for text in (may_go(first), *(secret("PEM over records", line) for line in body), may_go(last))]


LINES = [(by_name, 8), (provider, 14), (authorization, 2), (key_header, 1), (cookie, 1), (url, 2), (connection_string, 2),
         (signed_url, 0.5),
         (command_line, 1), (sql_password, 0.5), (xml_password, 0.5), (by_name_in_text, 2), (by_name_elsewhere, 0.5), (containers, 0.5),
         (pem_inline, 1)]

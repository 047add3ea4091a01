#include "formats/line/text_layouts.h"

#include "base/mem.h"

/* clang-format off */
#define ROW(name, layout) {STR_INIT(name), STR_INIT(layout)}

/* What stands in front of the message of RFC 3164, as daemons write it and as journalctl prints it. */
#define BSD_HEAD "{<<<pri:number>>}<time:bsd> <host> "
#define ISO_HEAD "{<<<pri:number>>}<time:iso> <host> "
#define VHOST_HEAD "<client:address> <ident> <user:text> [<time>] "
#define CLF_HEAD "<client> <ident> <user:text> [<time>] "
#define REQUEST  "\"<method> <path:text> HTTP/<http_version:quoted>\" "
#define CLF_TAIL "<status:number> <bytes:count>"
#define AGENT    " \"<referer:quoted>\" \"<user_agent:quoted>\""
#define NGINX_TAIL                                                                                     \
    "{ \"<forwarded_for:quoted>\"}{ <request_time:number>}{ <upstream_time:number>}{ <pairs>}"        \
    "{ <request_id>}"
#define HAPROXY_HEAD                                                                                   \
    "{<log_time:time> <host> <program>[<pid:number>]: }<client>:<client_port:number> [<time>] <frontend> <backend>/<server> "

const struct text_layout text_layouts[] = {
    /* --- servers of the web --- */
    ROW("haproxy", HAPROXY_HEAD
        "<request_wait:number>/<queue_wait:number>/<connect_time:number>/<response_time:number>/{+}<request_time:number> "
        "<status:number> {+}<bytes:count> <request_cookie> <response_cookie> <termination> "
        "<active:number>/<frontend_connections:number>/<backend_connections:number>/<server_connections:number>/{+}<retries:number> "
        "<server_queue:number>/<backend_queue:number>{ {{<request_headers:text>}}}{ {{<response_headers:text>}}} \"<method> <path:text> HTTP/<http_version:quoted>\""),
    ROW("haproxy", HAPROXY_HEAD
        "<request_wait:number>/<queue_wait:number>/<connect_time:number>/<response_time:number>/{+}<request_time:number> "
        "<status:number> {+}<bytes:count> <request_cookie> <response_cookie> <termination> "
        "<active:number>/<frontend_connections:number>/<backend_connections:number>/<server_connections:number>/{+}<retries:number> "
        "<server_queue:number>/<backend_queue:number>{ {{<request_headers:text>}}}{ {{<response_headers:text>}}} \"<request:quoted>\""),
    ROW("haproxy", HAPROXY_HEAD
        "<queue_wait:number>/<connect_time:number>/{+}<session_time:number> {+}<bytes:count> <termination> "
        "<active:number>/<frontend_connections:number>/<backend_connections:number>/<server_connections:number>/{+}<retries:number> "
        "<server_queue:number>/<backend_queue:number>"),
    ROW("envoy", "[<time>] " REQUEST "<status:number> <flags> <received:count> <bytes:count> <request_time:count> <upstream_time:count> "
        "\"<forwarded_for:quoted>\" \"<user_agent:quoted>\" \"<request_id:quoted>\" \"<authority:quoted>\" \"<upstream:quoted>\""),
    ROW("traefik", CLF_HEAD REQUEST CLF_TAIL AGENT " <requests:number> \"<router:quoted>\" \"<upstream:quoted>\" <request_time:number>ms"),
    ROW("apache-vhost", "<host>:<port:number> " VHOST_HEAD REQUEST CLF_TAIL AGENT),
    ROW("apache-vhost", "<host>:<port:number> " VHOST_HEAD "\"<request:quoted>\" " CLF_TAIL AGENT),
    ROW("apache-vhost", "<host> " VHOST_HEAD REQUEST CLF_TAIL AGENT),
    ROW("combined", CLF_HEAD REQUEST CLF_TAIL AGENT),
    ROW("combined", CLF_HEAD "\"<request:quoted>\" " CLF_TAIL AGENT),
    ROW("nginx", CLF_HEAD REQUEST CLF_TAIL AGENT NGINX_TAIL),
    ROW("nginx", CLF_HEAD "\"<request:quoted>\" " CLF_TAIL AGENT NGINX_TAIL),
    ROW("common", CLF_HEAD REQUEST CLF_TAIL),
    ROW("common", CLF_HEAD "\"<request:quoted>\" " CLF_TAIL),
    ROW("elb", "<type> <time> <balancer> <client>:<client_port:number> <target> <request_wait:count> <upstream_time:count> <response_wait:count> "
        "<status:count> <target_status:count> <received:number> <bytes:number> \"<method> <path:text> HTTP/<http_version:quoted>\" \"<user_agent:quoted>\" <rest>"),
    ROW("squid", "<time_s:number> <request_time:number> <client> <result>/<status:number> <bytes:number> <method> <path> <user> <hierarchy>/<server> <type>"),
    ROW("uwsgi", "[pid: <pid:number>|app: <app>|req: <request_number:text>] <client> (<user:text>) {{<variables:text>}} [<time:ctime>] "
        "<method> <path:text> => generated <bytes:number> bytes in <took:number> <unit> (<protocol> <status:number>) <rest>"),
    ROW("uwsgi", "[pid: <pid:number>|app: <app>|req: <request_number:text>] <client> () {{<variables:text>}} [<time:ctime>] "
        "<method> <path:text> => generated <bytes:number> bytes in <took:number> <unit> (<protocol> <status:number>) <rest>"),
    ROW("gin", "[GIN] <time> | <status:number> | <request_time> | <client> | <method> \"<path:quoted>\"{ <message>}"),
    ROW("uvicorn", "<level>: <client>:<client_port:number> - \"<method> <path:text> HTTP/<http_version:quoted>\" <status:number>{ <reason:text>}"),
    ROW("django", "[<time>] " REQUEST CLF_TAIL),
    ROW("nginx-error", "<time> [<level>] <pid:number>#<thread:number>: {*<connection:number> }<message>"),
    ROW("apache-error", "[<time:ctime>] [{<module>:}<level>] [pid <pid:number>{:tid <thread:number>}] {[client <client:text>] }<message>"),
    ROW("apache-error", "[<time:ctime>] [<level>] {[client <client:text>] }<message>"),

    /* --- databases, queues, daemons --- */
    ROW("postgres", "<time>{ <zone>} [<pid:number>] {<user>@<database> }<level:postgres>: <message>"),
    ROW("postgres", "<time>{ <zone>} [<pid:number>]: {[<session_line:text>] }user=<user:text>,db=<database:text>,app=<application:text>,client=<client:text> <level:postgres>: <message>"),
    ROW("postgres", "<time>{ <zone>} [<pid:number>]: {[<session_line:text>] }user=<user:text>,db=<database:text>,host=<client:text>,app=<application:text> <level:postgres>: <message>"),
    ROW("postgres", "<time>{ <zone>}:{[local]}{<client>(<client_port:number>)}:{<user>@<database>}:[<pid:number>]:{ }<level:postgres>: <message>"),
    ROW("postgres", "<time>{ <zone>} <level:postgres>: <message>"),
    ROW("mysql", "<time> <thread:number> [<level:word>] [<code>] [<subsystem>] <message>"),
    ROW("mysql", "<time> <thread:number> [<level>] <message>"),
    ROW("redis", "<pid:number>:<role> <time> <level:redis> <message>"),
    ROW("redis", "[<pid:number>] <time> <level:redis> <message>"),
    ROW("rabbitmq", "<time> [<level>] <<<process:text>> <message>"),
    ROW("mongodb-text", "<time> <level:letter> <component> [<thread:text>] <message>"),
    ROW("elasticsearch", "[<time>][<level>{ }][<logger>{ }] [<node:text>] <message>"),
    ROW("etcd", "<time> <level:letter> | <logger>: <message>"),
    ROW("jvm", "{[<time>]}[<uptime:number>s][<level>{ }][<tags:text>] <message>"),
    ROW("nats", "[<pid:number>] <time> [<level>] <message>"),
    ROW("zookeeper", "<time> [myid:<server>] - <level> [<thread:text>] - <message>"),
    ROW("zookeeper", "<time> - <level> [<thread:text>] - <message>"),
    ROW("cassandra", "<level> [<thread:text>] <time> <file>:<line:number> - <message>"),
    ROW("coredns", "[<level>] <client>:<client_port:number> - <id:number> \"<question:quoted>\" <status> <flags> <bytes:number> <request_time:number>s"),
    ROW("klog", "<time:klog> <thread:number> <file>:<line:number>] <message>"),
    ROW("kernel", "{<<<pri:number>>}[<uptime:decimal>] <message>"),
    ROW("kernel", "{<<<pri:number>>}[ <uptime:decimal>] <message>"),
    ROW("kernel", "[<time:ctime>] <message>"),

    /* --- frameworks --- */
    ROW("rails", "<letter>, [<time> #<pid:number>] <level> -- {<program:text>}: {[<request_id>] }<message>"),
    ROW("rails", "Started <method> \"<path:quoted>\" for <client> at <time>"),
    ROW("rails", "Completed <status:number> <reason:text> in <request_time:number>ms{ (<message:text>)}"),
    ROW("rails", "Processing by <controller>#<action> as <type>"),
    ROW("spring", "<time> <level> <pid:number> --- [{ }<application:text>] [{ }<thread:text>] {[<request_id:text>] }<logger> : <message>"),
    ROW("spring", "<time> <level> <pid:number> --- [{ }<thread:text>] <logger> : <message>"),
    ROW("monolog", "[<time>] <channel>.<level>: <message>"),
    ROW("php-fpm", "[<time>] <level>: <message>"),
    ROW("php", "[<time>{ <zone>}] PHP <severity:text>: <message>"),
    ROW("serilog", "[<time:hms> <level>] <message>"),
    ROW("hclog", "<time:iso> [<level>] <logger>: <message>"),
    ROW("serilog", "<time> [<level>] <message>"),
    ROW("dotnet", "<level>: <logger>[<event:number>]{ <message>}"),
    ROW("loguru", "<time> | <level> | <logger>:<function>:<line:number> - <message>"),
    ROW("celery", "[<time>: <level>/<process:text>] <message>"),
    ROW("gunicorn", "[<time>] [<pid:number>] [<level>] <message>"),
    ROW("openstack", "<time> <pid:number> <level> <logger> {[<request_id:text>] }<message>"),
    ROW("openstack", "<level:LEVEL> <logger:address> [<request_id:text>] <message>"),
    ROW("openstack", "<source> <time> <pid:number> <level> <logger> {[<request_id:text>] }<message>"),
    ROW("airflow", "[<time>] {{<file>:<line:number>}} <level> - <message>"),
    ROW("python", "<time> - <logger> - <level> - <message>"),
    ROW("python", "<time> - <level> - <message>"),
    ROW("python", "<level:LEVEL>:<logger>:<message>"),
    ROW("env_logger", "[<time> <level> <logger>] <message>"),
    ROW("zap-console", "<time>\t<level>\t<logger>\t<file>:<line:number>\t<message>"),
    ROW("zap-console", "<time>\t<level>\t{<file>:<line:number>\t}<message>"),
    ROW("tracing", "<time:iso> <level:LEVEL> <logger>: <message>"),
    ROW("go", "<time:slash> <file>:<line:number>: <message>"),
    ROW("logcat", "<time> <pid:number> <thread:number> <level:letter> <logger:text>: <message>"),

    /* --- log4j, logback and those who write as they do --- */
    ROW("log4j", "{- }<time> [<thread:text>] <level:LEVEL> <logger>:<line:number> - <message>"),
    ROW("log4j", "{- }<time> [<thread:text>] <level:LEVEL> <logger>{ [<line:number>]} - <message>"),
    ROW("log4j", "{- }<time> [<thread:text>] <level:LEVEL> <logger>: <message>"),
    ROW("log4j", "<time:hms> [<thread:text>] <level:LEVEL> <logger> - <message>"),
    ROW("log4j", "<time:hms> <level:LEVEL> <logger>#<line:number> <message>"),
    ROW("log4j", "<time> <level:LEVEL> [<thread:text>] <logger>: <message>"),
    ROW("log4j", "<time> <level:LEVEL> [<thread:text>] <logger> - <message>"),
    ROW("log4j", "<time> <level:LEVEL> [<thread:text>] <message>"),
    ROW("log4j", "[<time>] <level:LEVEL> <message:text> (<logger>)"),
    ROW("log4j", "<time> <level:LEVEL> <logger>: <message>"),
    ROW("log4j", "<time> <level:LEVEL> <logger> - <message>"),
    ROW("log4j", "<date:number> <clock:number> <thread:number> <level:LEVEL> <logger>: <message>"),
    ROW("log4j", "[<thread:text>] <level:LEVEL> <logger> - <message>"),

    /* --- syslog --- */
    ROW("syslog-5424", "<<<pri:number>>1 <time> <host> <program> <pid> <message_id> <data>{ <message>}"),
    ROW("syslog-5424", "<<<pri:number>>1 - <host> <program> <pid> <message_id> <data>{ <message>}"),
    ROW("syslog", BSD_HEAD "<program>[<pid:number>]: <message>"),
    ROW("syslog", ISO_HEAD "<program>[<pid:number>]: <message>"),
    ROW("syslog", BSD_HEAD "<program>: <message>"),
    ROW("syslog", ISO_HEAD "<program>: <message>"),
    ROW("syslog", BSD_HEAD "<message>"),
    ROW("syslog", "<<<pri:number>><message>"),

    /* --- what many write --- */
    ROW("plain", "[<time>] [<level>] {[<thread:text>] }<message>"),
    ROW("plain", "[<time>] <level>{:} <message>"),
    ROW("plain", "<time> [<level>]{:} <message>"),
    ROW("plain", "<time>, <level> <message>"),
    ROW("plain", "<time> <level:LEVEL>{:} <message>"),
    ROW("plain", "<time:hms> <level:LEVEL>{:} <message>"),
    ROW("plain", "[<level>] <time> <message>"),
    ROW("plain", "<level:LEVEL> <time> <message>"),
    ROW("plain", "[<level>] <message>"),
    ROW("plain", "<level:LEVEL>: <message>"),
    ROW("plain", "<level>: <message>"),
    ROW("go", "<time:slash> <message>"),
    ROW("plain", "<time>:<level>:<message>"),
    ROW("plain", "<time> <message>"),
    ROW("plain", "[<time>] <message>"),
    ROW("plain", "<time>: <message>"),
};
/* clang-format on */

const size_t text_layouts_n = countof(text_layouts);

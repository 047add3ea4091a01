/* shipper/pod_facts. */
#include "shipper/pod_facts.h"

#include "base/mem.h"
#include "tests/test.h"

#define UID        "0d1e6d2c-8a54-4b0e-9f0a-2f7c5b1d9e33"
#define STATIC_UID "8c6976e5b5410415bde908bd4dee15df"

/* 47, 50, 57 and 58 bytes */
#define NAME_47 "payments-settlement-reconciliation-worker-europ"
#define NAME_50 "payments-settlement-reconciliation-worker-europe-w"
#define NAME_57 NAME_50 "orker-1"
#define NAME_58 NAME_50 "orker-ab"

TEST(pod_workload_drops_what_controllers_add)
{
    static const struct {
        const char *pod, *workload;
    } cases[] = {
        /* Deployments */
        {"api-5d4f8c7b9d-x7k2q", "api"},
        {"shop-api-v2-775855699b-bdcfg", "shop-api-v2"},
        {"coredns-5d78c9869d-4qf8z", "coredns"},
        {"a-6f8b9c-zzzzz", "a"},
        {"my.app-84c7bf5d9-2n4xk", "my.app"},
        {"db-pgsql-84c7bf5d9-2n4xk", "db-pgsql"},
        {"web-0-84c7bf5d9-2n4xk", "web-0"},
        /* before Kubernetes 1.8 the hash was a number */
        {"nginx-1564245846-b2kx9", "nginx"},
        /* no hash: too short, too long, other letters */
        {"api-5d4f8-x7k2q", "api-5d4f8"},
        {"api-5d4f8c7b9d4-x7k2q", "api-5d4f8c7b9d4"},
        {"api-5d4f8c7g9d-x7k2q", "api-5d4f8c7g9d"},
        {"api-backend-x7k2q", "api-backend"},
        {"api-decade-x7k2q", "api-decade"},
        /* without a name in front of the hash */
        {"5d4f8c7b9d-x7k2q", "5d4f8c7b9d"},
        /* CronJobs */
        {"backup-29412345-x7k2q", "backup"},
        {"backup-1795166520-x7k2q", "backup"},
        {"etl-29412345-3-x7k2q", "etl"},
        {"etl-29412345-12-x7k2q", "etl"},
        {"backup-2941234-x7k2q", "backup-2941234"},
        {"backup-29412345678-x7k2q", "backup-29412345678"},
        {"29412345-x7k2q", "29412345"},
        /* DaemonSets, ReplicaSets, Jobs */
        {"fluent-bit-x7k2q", "fluent-bit"},
        {"kube-proxy-92bdl", "kube-proxy"},
        {"migrate-42-x7k2q", "migrate-42"},
        {"a-bcdfg", "a"},
        /* StatefulSets */
        {"db-0", "db"},
        {"kafka-broker-12", "kafka-broker"},
        {"redis-999", "redis"},
        {"prometheus-k8s-0", "prometheus-k8s"},
        {"db-pgsql-0", "db-pgsql"},
        {"x-bcdfg-0", "x-bcdfg"},
        /* names that only look alike */
        {"api-12345", "api-12345"},
        {"proxy-8080", "proxy-8080"},
        {"report-2026", "report-2026"},
        {"node-007", "node-007"},
        {"db-pgsql", "db-pgsql"},
        {"db-mssql", "db-mssql"},
        {"proxy-https", "proxy-https"},
        {"api-hello", "api-hello"},
        {"api-x7k2", "api-x7k2"},
        {"api-x7k2qq", "api-x7k2qq"},
        {"api-X7K2Q", "api-X7K2Q"},
        {"api-x1k2q", "api-x1k2q"},
        {"api-xak2q", "api-xak2q"},
        {"apix7k2q", "apix7k2q"},
        {"x7k2q", "x7k2q"},
        {"-x7k2q", "-x7k2q"},
        {"0", "0"},
        {"-0", "-0"},
        {"api", "api"},
        {"api-", "api-"},
        {"", ""},
        /* generated names that were cut to 63 bytes */
        {NAME_47 "-5d4f8c7b9dx7k2q", NAME_47},
        {NAME_50 "-5d4f8c7x7k2q", NAME_50},
        {NAME_50 "-2941234x7k2q", NAME_50},
        {NAME_57 "-x7k2q", NAME_57},
        {NAME_58 "x7k2q", NAME_58},
        {NAME_57 "xx7k2q1", NAME_57 "xx7k2q1"},
        {NAME_57 "x7k2q", NAME_57 "x7k2q"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct str workload =
            pod_workload(str_from(cases[i].pod), STR(UID), STR("main"), STR("node-1"));
        if (!str_equal(workload, str_from(cases[i].workload)))
            test_fail(__FILE__, __LINE__, "%s is \"%.*s\", not \"%s\"", cases[i].pod,
                      STR_ARG(workload), cases[i].workload);
    }
}

TEST(pod_workload_of_static_pods)
{
    static const struct {
        const char *pod, *container, *node, *workload;
    } cases[] = {
        {"kube-apiserver-cp1", "kube-apiserver", "cp1", "kube-apiserver"},
        {"etcd-ip-10-0-0-7.example.org", "etcd", "ip-10-0-0-7.example.org", "etcd"},
        {"etcd-node-0", "main", "node-0", "etcd"},
        {"etcd-node-0", "etcd", "", "etcd"},
        {"etcd-node-0", "main", "", "etcd-node-0"},
        {"etcd-node-0", "etc", "", "etcd-node-0"},
        {"etcd-node-0", "main", "other", "etcd-node-0"},
        {"node-0", "main", "node-0", "node-0"},
        {"-node-0", "main", "node-0", "-node-0"},
        {"xnode-0", "main", "node-0", "xnode-0"},
        {"proxy-bcdfg", "main", "n", "proxy-bcdfg"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct str workload = pod_workload(str_from(cases[i].pod), STR(STATIC_UID),
                                           str_from(cases[i].container), str_from(cases[i].node));
        if (!str_equal(workload, str_from(cases[i].workload)))
            test_fail(__FILE__, __LINE__, "%s on %s is \"%.*s\"", cases[i].pod, cases[i].node,
                      STR_ARG(workload));
    }
}

TEST(pod_facts_of_a_path)
{
    struct pod_facts f;
    REQUIRE(pod_path_parse(STR("/var/log/pods/shop_api-5d4f8c7b9d-x7k2q_" UID "/web/3.log"),
                           STR("node-1"), &f));
    CHECK_STR(f.namespace, STR("shop"));
    CHECK_STR(f.pod, STR("api-5d4f8c7b9d-x7k2q"));
    CHECK_STR(f.uid, STR(UID));
    CHECK_STR(f.container, STR("web"));
    CHECK_STR(f.workload, STR("api"));
    CHECK_INT(f.restart, 3);
    REQUIRE(pod_path_parse(
        STR("/host/pods/kube-system_etcd-cp1_" STATIC_UID "/etcd/12.log.20261120-101112.gz"),
        STR("cp1"), &f));
    CHECK_STR(f.workload, STR("etcd"));
    CHECK_INT(f.restart, 12);
}

TEST(pod_facts_refuse_other_paths)
{
    static const char *const bad[] = {
        "",
        "3.log",
        "/3.log",
        "/web/3.log",
        "/var/log/pods/shop_api_" UID "/3.log",
        "/var/log/pods/shop_api/web/3.log",
        "/var/log/pods/shop_api_" UID "_x/web/3.log",
        "/var/log/pods/_api_" UID "/web/3.log",
        "/var/log/pods/shop__" UID "/web/3.log",
        "/var/log/pods/shop_api_/web/3.log",
        "/var/log/pods/Shop_api_" UID "/web/3.log",
        "/var/log/pods/shop_api_" UID "/we b/3.log",
        "/var/log/pods/shop_api_" UID "/../3.log",
        "/var/log/pods/shop_api_" UID "/web/",
        "/var/log/pods/shop_api_" UID "/web/x.log",
        "/var/log/pods/shop_api_" UID "/web/-3.log",
        "/var/log/pods/shop_api_" UID "/web/99999999999999999999.log",
        "/var/log/pods/shop_api_" UID "/web/3.logs",
        "/var/log/pods/shop_api_" UID "/web/3.txt",
        "/var/log/pods/shop_api_" UID
        "/a234567890123456789012345678901234567890123456789012345678901234/3.log",
    };
    for (size_t i = 0; i < countof(bad); i++) {
        struct pod_facts f = {.restart = 77};
        if (pod_path_parse(str_from(bad[i]), STR(""), &f) || f.restart != 77)
            test_fail(__FILE__, __LINE__, "%s", bad[i]);
    }
}

/*
 * What a container of Kubernetes is, from the path of its log, which is all there is without asking
 * the API:
 *
 *     /var/log/pods/shop_api-5d4f8c7b9d-x7k2q_0d1e6d2c-…/web/3.log       also 3.log.20261120-101112,
 *                   ──┬─ ────────┬─────────── ────┬───── ─┬─ ┬           and that with ".gz"
 *             namespace         pod              uid      │  └ restart
 *                                                    container
 *
 * The workload is the pod's name without what its controller has put behind it:
 *
 *     Deployment            api-5d4f8c7b9d-x7k2q     api      hash of the template, random
 *     CronJob               backup-29412345-x7k2q    backup   minutes since 1970, random
 *     indexed CronJob       etl-29412345-3-x7k2q     etl
 *     DaemonSet, ReplicaSet, Job       fluent-x7k2q  fluent   random
 *     StatefulSet           db-0                     db       ordinal
 *     static pod            etcd-cp1                 etcd     name of the node
 *
 * Invariants
 *   1. Random parts are 5 letters of "bcdfghjklmnpqrstvwxz2456789" (no vowels, none that can be
 *      mistaken). A hash is a decimal number written in ten of them, "456789bcdf", so it is much
 *      rarer among names than 6 to 10 letters would be. A generated name is cut to 63 bytes before
 *      the random part is added: then there may be no '-' in front of it, and less of the hash.
 *   2. A name that only looks alike stays whole: "api-12345", "db-pgsql". What cannot be told
 *      (a lone pod with the name "tool-2") is taken for a controller's. The workload is never empty.
 *   3. Static pods are known by their uid, 32 hex digits without '-'. If the node is not known, the
 *      container's name is the workload where the pod's begins with it, else the pod's whole name.
 *   4. Names have the alphabet and the lengths of Kubernetes; any other path is not one of these.
 */
#ifndef SHIPPER_POD_FACTS_H
#define SHIPPER_POD_FACTS_H

#include "base/str.h"

struct pod_facts { /* views on the path */
    struct str namespace, pod, uid, container;
    struct str workload;
    uint64_t restart; /* 0 for the first run of the container */
};

/* node: the name of the node, or empty. False if it is not the path of a container's log; *facts is
 * then unchanged. */
bool pod_path_parse(struct str path, struct str node, struct pod_facts *facts);

/* The workload of a pod whose uid and container are known; views on pod or container. */
struct str pod_workload(struct str pod, struct str uid, struct str container, struct str node);

#endif

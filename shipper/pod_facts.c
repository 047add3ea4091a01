#include "shipper/pod_facts.h"

#include "base/mem.h"
#include "shipper/glob.h"

enum {
    RANDOM_LEN = 5,
    GENERATED_MAX = 63, /* bytes of a name with a random part */
    HASH_MIN = 6,       /* digits of a 32-bit number that is not tiny */
    HASH_MAX = 10,
    MINUTES_MIN = 8, /* minutes since 1970; seconds before Kubernetes 1.21 */
    MINUTES_MAX = 10,
    ORDINAL_MAX = 3, /* digits: with more it is rather a port or a year */
    DNS_LABEL_MAX = 63,
    DNS_NAME_MAX = 253,
    UID_MAX = 128,
};

static const char random_letters[] = "bcdfghjklmnpqrstvwxz2456789";
static const char hash_letters[] = "456789bcdf";
static const char digits[] = "0123456789";

static bool is_of(struct str s, const char *letters, size_t min, size_t max)
{
    for (size_t i = 0; i < s.len; i++)
        if (!s.ptr[i] || !strchr(letters, s.ptr[i]))
            return false;
    return s.len >= min && s.len <= max;
}

/* Words that have no vowels either: at the end of a name they were written by a person. */
static bool is_word(struct str s)
{
    static const struct str words[] = {STR_INIT("pgsql"), STR_INIT("mssql"), STR_INIT("https"),
                                       STR_INIT("grpcs"), STR_INIT("nfsv4"), STR_INIT("sftps")};
    for (size_t i = 0; i < countof(words); i++)
        if (str_equal(s, words[i]))
            return true;
    return false;
}

static bool is_random(struct str s)
{
    return is_of(s, random_letters, RANDOM_LEN, RANDOM_LEN) && !is_word(s);
}

/* Parts *name at its last '-'; false, and *name as it was, if a side would be empty. */
static bool split_last(struct str *name, struct str *last)
{
    const char *dash = name->len ? memrchr(name->ptr, '-', name->len) : NULL;
    size_t at = dash ? (size_t)(dash - name->ptr) : 0;
    if (at == 0 || at + 1 == name->len)
        return false;
    *last = str_slice(*name, at + 1, name->len);
    name->len = at;
    return true;
}

/* ---- the endings that controllers make; *name loses its ending if it has it ---- */

static bool cut_random(struct str *name)
{
    struct str front = *name, last;
    if (!split_last(&front, &last) || !is_random(last))
        return false;
    *name = front;
    return true;
}

static bool cut_deployment(struct str *name)
{
    struct str front = *name, last;
    if (!cut_random(&front) || !split_last(&front, &last) ||
        !is_of(last, hash_letters, HASH_MIN, HASH_MAX))
        return false;
    *name = front;
    return true;
}

static bool cut_cron_job(struct str *name)
{
    struct str front = *name, last;
    if (!cut_random(&front) || !split_last(&front, &last))
        return false;
    if (is_of(last, digits, 1, MINUTES_MIN - 1) && !split_last(&front, &last)) /* an index */
        return false;
    if (!is_of(last, digits, MINUTES_MIN, MINUTES_MAX))
        return false;
    *name = front;
    return true;
}

/* As long as a generated name can be: its front was cut, and with it the '-', a part of the hash or
 * of the minutes. */
static bool cut_full_length(struct str *name)
{
    struct str front = str_slice(*name, 0, GENERATED_MAX - RANDOM_LEN), last;
    if (name->len != GENERATED_MAX || !is_random(str_slice(*name, front.len, RANDOM_LEN)))
        return false;
    *name = front;
    if (split_last(&front, &last) &&
        (is_of(last, hash_letters, 1, HASH_MAX) || is_of(last, digits, 1, MINUTES_MAX)))
        *name = front;
    return true;
}

static bool cut_ordinal(struct str *name)
{
    struct str front = *name, last;
    if (!split_last(&front, &last) || !is_of(last, digits, 1, ORDINAL_MAX) ||
        (last.len > 1 && last.ptr[0] == '0'))
        return false;
    *name = front;
    return true;
}

static struct str cut_controller(struct str pod)
{
    static bool (*const endings[])(struct str *) = {cut_deployment, cut_cron_job, cut_random,
                                                    cut_full_length, cut_ordinal};
    for (size_t i = 0; i < countof(endings); i++)
        if (endings[i](&pod))
            break;
    return pod;
}

static bool cut_node(struct str *pod, struct str node)
{
    struct str front = str_slice(*pod, 0, pod->len - min_of(pod->len, node.len));
    if (!node.len || !str_ends(*pod, node) || front.len < 2 || !str_ends(front, STR("-")))
        return false;
    *pod = str_slice(front, 0, front.len - 1);
    return true;
}

struct str pod_workload(struct str pod, struct str uid, struct str container, struct str node)
{
    struct str rest = pod;
    if (!is_of(uid, "0123456789abcdef", 32, 32))
        return cut_controller(pod);
    if (cut_node(&pod, node))
        return pod;
    return container.len && take_prefix(&rest, container) && str_starts(rest, STR("-")) ? container
                                                                                        : pod;
}

/* ---- the path ---- */

static bool is_name(struct str s, size_t max)
{
    return is_of(s, "abcdefghijklmnopqrstuvwxyz0123456789-.", 1, max) && s.ptr[0] != '.';
}

/* "3.log", or that with something of a rotation behind it. */
static bool parse_file(struct str name, uint64_t *restart)
{
    struct str number;
    return take_until(&name, '.', &number) && str_to_u64(number, restart) &&
           take_prefix(&name, STR("log")) && (!name.len || name.ptr[0] == '.');
}

bool pod_path_parse(struct str path, struct str node, struct pod_facts *facts)
{
    struct pod_facts f = {0};
    struct str folder = path_folder(path);
    f.container = path_name(folder);
    struct str rest = path_name(path_folder(folder));
    if (!parse_file(path_name(path), &f.restart) || !is_name(f.container, DNS_LABEL_MAX))
        return false;
    if (!take_until(&rest, '_', &f.namespace) || !is_name(f.namespace, DNS_LABEL_MAX) ||
        !take_until(&rest, '_', &f.pod) || !is_name(f.pod, DNS_NAME_MAX))
        return false;
    f.uid = rest;
    if (!is_name(f.uid, UID_MAX))
        return false;
    f.workload = pod_workload(f.pod, f.uid, f.container, node);
    *facts = f;
    return true;
}

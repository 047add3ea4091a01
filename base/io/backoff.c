#include "base/io/backoff.h"

#include "base/hash.h"
#include "base/mem.h"

static const char days[7][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"}; /* 1970-01-01 */

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static int64_t random_up_to(struct backoff *b, int64_t limit)
{
    while (b->random == 0)
        random_bytes(&b->random, sizeof b->random);
    return limit > 0 ? (int64_t)(next_random(&b->random) % ((uint64_t)limit + 1)) : 0;
}

int64_t backoff_next(struct backoff *b, int64_t asked_ns)
{
    int64_t min = b->min_ns > 0 ? b->min_ns : BACKOFF_MIN;
    int64_t max = max_of(b->max_ns > 0 ? b->max_ns : BACKOFF_MAX, min);
    int64_t ceiling = min;
    for (unsigned i = 0; i <= b->attempts && ceiling < max; i++)
        ceiling = ceiling > max / 2 ? max : ceiling * 2;
    b->attempts += b->attempts < UINT32_MAX;
    int64_t wait = min + random_up_to(b, ceiling - min);
    if (asked_ns <= 0)
        return wait;
    return max_of(wait, min_of(asked_ns, BACKOFF_ASKED_MAX) + random_up_to(b, min));
}

void backoff_reset(struct backoff *b)
{
    b->attempts = 0;
}

static bool take_digits(struct str *s, size_t n, int *value)
{
    if (s->len < n)
        return false;
    int v = 0;
    for (size_t i = 0; i < n; i++) {
        if (s->ptr[i] < '0' || s->ptr[i] > '9')
            return false;
        v = v * 10 + (s->ptr[i] - '0');
    }
    *value = v;
    *s = str_slice(*s, n, SIZE_MAX);
    return true;
}

static bool take_month(struct str *s, int *month)
{
    for (size_t i = 0; i < countof(month_names); i++) {
        if (take_prefix(s, str_of(month_names[i], 3))) {
            *month = (int)i + 1;
            return true;
        }
    }
    return false;
}

bool parse_http_date(struct str value, int64_t *ns)
{
    struct str s = str_slice(value, 3, SIZE_MAX); /* the name of the day says nothing new */
    struct civil c = {0};
    bool good =
        take_prefix(&s, STR(", ")) && take_digits(&s, 2, &c.day) && take_prefix(&s, STR(" ")) &&
        take_month(&s, &c.month) && take_prefix(&s, STR(" ")) && take_digits(&s, 4, &c.year) &&
        take_prefix(&s, STR(" ")) && take_digits(&s, 2, &c.hour) && take_prefix(&s, STR(":")) &&
        take_digits(&s, 2, &c.minute) && take_prefix(&s, STR(":")) &&
        take_digits(&s, 2, &c.second) && str_equal(s, STR(" GMT"));
    return good && civil_to_ns(c, ns);
}

void put_http_date(struct buf *b, int64_t ns)
{
    struct civil c = civil_of_ns(ns);
    int64_t day = days_of_civil(c.year, c.month, c.day) % 7;
    buf_print(b, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[day < 0 ? day + 7 : day], c.day,
              month_names[c.month - 1], c.year, c.hour, c.minute, c.second);
}

bool parse_retry_after(struct str value, int64_t now_ns, int64_t *asked_ns)
{
    struct str s = str_trim(value);
    uint64_t seconds;
    int64_t at;
    if (str_to_u64(s, &seconds)) {
        *asked_ns = (int64_t)min_of(seconds, (uint64_t)(BACKOFF_ASKED_MAX / NS_PER_S)) * NS_PER_S;
        return true;
    }
    if (!parse_http_date(s, &at))
        return false;
    *asked_ns = at > now_ns ? min_of(at - now_ns, BACKOFF_ASKED_MAX) : 0;
    return true;
}

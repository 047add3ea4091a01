#include "base/quantity.h"

#include "base/mem.h"

static const struct {
    struct str name;
    uint64_t bytes;
} units[] = {
    {STR_INIT("TiB"), (uint64_t)1 << 40},
    {STR_INIT("GiB"), 1 << 30},
    {STR_INIT("MiB"), 1 << 20},
    {STR_INIT("KiB"), 1 << 10},
    {STR_INIT("TB"), 1000000000000},
    {STR_INIT("GB"), 1000000000},
    {STR_INIT("MB"), 1000000},
    {STR_INIT("kB"), 1000},
    {STR_INIT("B"), 1},
};

static bool unit_err(struct str s, uint64_t count, struct str unit, struct err *err)
{
    unsigned long long n = count;
    for (size_t i = 0; i < countof(units); i++) {
        if (unit.len && str_equal_nocase(unit, units[i].name))
            return err_set(err, ERR_INPUT, "'%.*s': the unit is written %.*s: %llu%.*s", STR_ARG(s),
                           STR_ARG(units[i].name), n, STR_ARG(units[i].name));
    }
    return err_set(err, ERR_INPUT, "'%.*s' has %s unit; write %lluMiB, %lluGiB or %lluMB",
                   STR_ARG(s), unit.len ? "no known" : "no", n, n, n);
}

bool parse_size(struct str s, uint64_t *bytes, struct err *err)
{
    struct str unit = s;
    uint64_t count, size;
    if (!take_u64(&unit, &count))
        return err_set(err, ERR_INPUT, "'%.*s' is not a size; write 64KiB, 20MB or 1GiB",
                       STR_ARG(s));
    if (str_starts(unit, STR(".")))
        return err_set(err, ERR_INPUT, "'%.*s': sizes are whole numbers; take a smaller unit",
                       STR_ARG(s));
    for (size_t i = 0; i < countof(units); i++) {
        if (!str_equal(unit, units[i].name))
            continue;
        if (__builtin_mul_overflow(count, units[i].bytes, &size) || size > INT64_MAX)
            return err_set(err, ERR_INPUT, "'%.*s' is too large", STR_ARG(s));
        *bytes = size;
        return true;
    }
    return unit_err(s, count, unit, err);
}

bool parse_share(struct str s, struct share *share, struct err *err)
{
    if (!str_ends(s, STR("%"))) {
        uint64_t bytes;
        if (!parse_size(s, &bytes, err))
            return false;
        *share = (struct share){.bytes = bytes};
        return true;
    }
    uint64_t percent;
    if (!str_to_u64(str_of(s.ptr, s.len - 1), &percent) || percent > 100)
        return err_set(err, ERR_INPUT, "'%.*s' is not a whole percentage from 0%% to 100%%",
                       STR_ARG(s));
    *share = (struct share){.percent = (unsigned)percent};
    return true;
}

bool parse_rate(struct str s, struct rate *rate, struct err *err)
{
    if (s.len < 3 || !str_ends(s, STR("/s")))
        return err_set(err, ERR_INPUT, "'%.*s' is not a rate; write 2MiB/s or 20/s", STR_ARG(s));
    struct str amount = str_of(s.ptr, s.len - 2);
    uint64_t count;
    if (str_to_u64(amount, &count)) {
        *rate = (struct rate){.per_second = count};
        return true;
    }
    if (!parse_size(amount, &count, err))
        return err_set(err, ERR_INPUT, "'%.*s' is not a rate; write 2MiB/s or 20/s", STR_ARG(s));
    *rate = (struct rate){.per_second = count, .is_bytes = true};
    return true;
}

void put_size(struct buf *b, uint64_t bytes)
{
    size_t best = countof(units) - 1;
    for (size_t i = 0; i < countof(units) && bytes; i++) {
        if (bytes % units[i].bytes == 0 && bytes / units[i].bytes < bytes / units[best].bytes)
            best = i;
    }
    buf_print(b, "%llu%.*s", (unsigned long long)(bytes / units[best].bytes),
              STR_ARG(units[best].name));
}

uint64_t share_of(struct share share, uint64_t whole)
{
    if (share.percent == 0)
        return share.bytes;
    return whole / 100 * share.percent + whole % 100 * share.percent / 100;
}

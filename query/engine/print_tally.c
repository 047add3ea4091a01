#include "query/engine/print_tally.h"

#include "base/mem.h"
#include "base/time.h"
#include "query/engine/print.h"
#include "query/engine/value_test.h"

#include <math.h>

const struct str tally_functions[TALLY_FUNCTIONS] = {
    STR_INIT("sum"), STR_INIT("avg"), STR_INIT("min"), STR_INIT("max"),
    STR_INIT("p50"), STR_INIT("p90"), STR_INIT("p95"), STR_INIT("p99")};

bool tally_number(const struct tally *t, struct str name, double *number)
{
    double percent;
    if (str_equal(name, STR("sum")))
        *number = t->sum;
    else if (str_equal(name, STR("avg")))
        *number = t->numbers ? t->sum / (double)t->numbers : 0;
    else if (str_equal(name, STR("min")))
        *number = t->least;
    else if (str_equal(name, STR("max")))
        *number = t->most;
    else if (take_prefix(&name, STR("p")) && parse_number(name, &percent) && percent >= 0 &&
             percent <= 100)
        *number = fmax(t->least, fmin(t->most, sketch_quantile(&t->sketch, percent / 100)));
    else
        return false;
    return true;
}

static void put_number(struct buf *out, double number)
{
    buf_print(out, "%.15g", number);
}

void print_tally_json(const struct tally *t, const struct tally_options *o, struct buf *out)
{
    double number;
    buf_add_byte(out, '{');
    if (t->start_ns != TIME_NONE) {
        buf_add(out, STR("\"time\":\""));
        put_rfc3339(out, t->start_ns, 0);
        buf_add(out, STR("\","));
    }
    buf_add(out, STR("\"by\":{"));
    for (size_t i = 0; i < o->n_names; i++) {
        buf_add(out, i ? STR(",") : STR(""));
        print_json_text(out, o->names[i]);
        buf_add_byte(out, ':');
        print_json_text(out, t->values[i]);
    }
    buf_print(out, "},\"count\":%llu", (unsigned long long)t->count);
    if (o->n_part)
        buf_print(out, ",\"part\":%llu", (unsigned long long)t->part);
    if (o->measure.len)
        buf_print(out, ",\"numbers\":%llu", (unsigned long long)t->numbers);
    for (size_t i = 0; i < TALLY_FUNCTIONS && t->numbers; i++) {
        buf_print(out, ",\"%s\":", tally_functions[i].ptr);
        tally_number(t, tally_functions[i], &number);
        put_number(out, number);
    }
    buf_add(out, STR("}\n"));
}

void print_tally_text(const struct tally *t, const struct tally_options *o, struct buf *out)
{
    double number;
    if (t->start_ns != TIME_NONE) {
        put_rfc3339(out, t->start_ns, 0);
        buf_add_byte(out, '\t');
    }
    for (size_t i = 0; i < o->n_names; i++) {
        buf_add(out, t->values[i]);
        buf_add_byte(out, '\t');
    }
    buf_print(out, "%llu", (unsigned long long)t->count);
    if (o->n_part)
        buf_print(out, "\t%llu", (unsigned long long)t->part);
    for (size_t i = 0; i < TALLY_FUNCTIONS && o->measure.len; i++) {
        buf_add_byte(out, '\t');
        tally_number(t, tally_functions[i], &number);
        if (t->numbers || i == 0)
            put_number(out, number);
        else
            buf_add_byte(out, '-');
    }
    buf_add_byte(out, '\n');
}

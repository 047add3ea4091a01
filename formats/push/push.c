#include "formats/push/push.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

struct hash128 push_identity(struct str block)
{
    return hash128(str_slice(block, BLOCK_HEADER, SIZE_MAX));
}

void push_count_reject(struct push_answer *answer, const char *reason, uint64_t rows)
{
    size_t i = 0;
    while (i < answer->n_rejects && strcmp(answer->rejects[i].reason, reason) != 0)
        i++;
    if (i == PUSH_REASONS_MAX)
        i--;
    else if (i == answer->n_rejects) {
        bool is_last = ++answer->n_rejects == PUSH_REASONS_MAX;
        answer->rejects[i] = (struct push_reject){is_last ? "other" : reason, 0};
    }
    answer->rejects[i].rows += rows;
}

void push_set_fates(struct push_answer *answer, enum push_fate fate)
{
    if (answer->n)
        memset(answer->fates, (int)fate, answer->n);
}

void push_set_detail(struct push_answer *answer, struct str text)
{
    size_t n = 0;
    struct str line =
        str_cut_utf8(str_slice(text, 0, str_find_byte(text, '\n')), PUSH_DETAIL_MAX - 1);
    for (size_t i = 0; i < line.len; i++) {
        bool is_control = (unsigned char)line.ptr[i] < ' ' || line.ptr[i] == 0x7f;
        answer->detail[n] = line.ptr[i];
        n += !is_control;
    }
    answer->detail[n] = 0;
}

bool is_push_to_wrong_door(struct str body)
{
    static const struct str words[] = {
        STR_INIT("HTTP request to an HTTPS server"),      /* Go: Loki itself, Traefik, Caddy */
        STR_INIT("HTTP request was sent to HTTPS port"),  /* nginx, load balancers of AWS */
        STR_INIT("HTTP to an SSL-enabled server port"),   /* Apache */
        STR_INIT("No required SSL certificate was sent"), /* nginx, as is the next */
        STR_INIT("The SSL certificate error"),
    };
    for (size_t i = 0; i < countof(words); i++)
        if (str_find(body, words[i]) != SIZE_MAX)
            return true;
    return false;
}

void push_format_close(struct push_format **address)
{
    struct push_format *f = *address;
    *address = NULL;
    if (f)
        f->kind->close(f);
}

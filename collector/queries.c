#include "collector/queries.h"
bool queries_open(struct queries **q, const struct queries_options *options, struct err *err)
{
    (void)q;
    (void)options;
    (void)err;
    return true;
}
void queries_close(struct queries **q)
{
    (void)q;
}
void queries_handle(struct queries *q, struct http_exchange *x)
{
    (void)q;
    http_reply_text(x, 500, "none");
}

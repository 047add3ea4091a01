#include "base/io/http_wire.h"

#include "base/ascii.h"
#include "base/mem.h"

#ifdef HAVE_LLHTTP
#include <llhttp.h>
typedef llhttp_t library_parser;
typedef llhttp_settings_t library_settings;
#else
#include <http_parser.h>
typedef http_parser library_parser;
typedef http_parser_settings library_settings;
#endif

enum phase {
    PHASE_HEAD,  /* zero: a new wire waits for a head */
    PHASE_FRESH, /* a message has ended; its head is kept until the next byte */
    PHASE_LENGTH,
    PHASE_TO_END,
    PHASE_CHUNK_SIZE,
    PHASE_CHUNK_EXTENSION,
    PHASE_CHUNK_SIZE_LF,
    PHASE_CHUNK_DATA,
    PHASE_CHUNK_DATA_CR,
    PHASE_CHUNK_DATA_LF,
    PHASE_TRAILER,
    PHASE_TRAILER_LF,
    PHASE_END,
    PHASE_BAD,
};

/* What the library's callbacks fill. */
struct reading {
    struct http_head *head;
    bool in_value;
    bool too_many;
    bool complete;
};

void http_wire_free(struct http_wire *w)
{
    bool is_response = w->is_response;
    mem_free(&w->head.fields);
    buf_free(&w->bytes);
    *w = (struct http_wire){.is_response = is_response};
}

static enum http_step bad(struct http_wire *w, unsigned status, const char *text)
{
    w->phase = PHASE_BAD;
    w->bad_status = status;
    w->bad_text = text;
    return HTTP_STEP_BAD;
}

struct str http_head_field(const struct http_head *head, const char *name)
{
    for (size_t i = 0; i < head->n; i++) {
        if (str_equal_nocase(head->fields[i].name, str_from(name)))
            return head->fields[i].value;
    }
    return (struct str){0};
}

static size_t count_fields(const struct http_head *head, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < head->n; i++)
        n += str_equal_nocase(head->fields[i].name, str_from(name));
    return n;
}

/* --- The library: one whole head, in one call. --- */

static struct str joined(struct str s, const char *at, size_t len)
{
    return s.ptr && s.ptr + s.len == at ? str_of(s.ptr, s.len + len) : str_of(at, len);
}

static int on_target(library_parser *parser, const char *at, size_t len)
{
    struct reading *r = parser->data;
    r->head->target = joined(r->head->target, at, len);
    return 0;
}

static int on_name(library_parser *parser, const char *at, size_t len)
{
    struct reading *r = parser->data;
    struct http_head *head = r->head;
    bool begins = head->n == 0 || r->in_value;
    if (begins && head->n == HTTP_FIELDS_MAX) {
        r->too_many = true;
        return -1;
    }
    if (begins) {
        mem_grow(head->fields, head->n, head->capacity);
        head->fields[head->n++] = (struct http_field){{0}, {0}};
    }
    r->in_value = false;
    struct http_field *field = &head->fields[head->n - 1];
    field->name = joined(field->name, at, len);
    return 0;
}

static int on_value(library_parser *parser, const char *at, size_t len)
{
    struct reading *r = parser->data;
    r->in_value = true;
    if (r->head->n == 0)
        return -1;
    struct http_field *field = &r->head->fields[r->head->n - 1];
    field->value = joined(field->value, at, len);
    return 0;
}

/* 1: "no body follows", which is true of what the library is given. */
static int on_complete(library_parser *parser)
{
    struct reading *r = parser->data;
    r->complete = true;
    r->head->minor = parser->http_major == 1 ? parser->http_minor : 9;
    r->head->status = parser->status_code;
    return 1;
}

static bool run_library(struct http_wire *w, struct reading *r)
{
    library_settings settings = {.on_url = on_target,
                                 .on_header_field = on_name,
                                 .on_header_value = on_value,
                                 .on_headers_complete = on_complete};
    library_parser parser;
#ifdef HAVE_LLHTTP
    llhttp_init(&parser, w->is_response ? HTTP_RESPONSE : HTTP_REQUEST, &settings);
    parser.data = r;
    llhttp_errno_t status = llhttp_execute(&parser, w->bytes.ptr, w->bytes.len);
    return (status == HPE_OK || status == HPE_PAUSED_UPGRADE) && r->complete;
#else
    http_parser_init(&parser, w->is_response ? HTTP_RESPONSE : HTTP_REQUEST);
    parser.data = r;
    size_t n = http_parser_execute(&parser, &settings, w->bytes.ptr, w->bytes.len);
    return n == w->bytes.len && parser.http_errno == HPE_OK && r->complete;
#endif
}

/* --- What the libraries let through. --- */

/* One line of a head after the first, without its CR LF. */
static const char *problem_of_line(struct str line)
{
    if (line.ptr[0] == ' ' || line.ptr[0] == '\t')
        return "folded header line";
    size_t colon = str_find_byte(line, ':');
    if (colon == SIZE_MAX || colon == 0)
        return "header line without a name and a colon";
    char before = line.ptr[colon - 1];
    return before == ' ' || before == '\t' ? "space before the colon of a header" : NULL;
}

static bool has_control_byte(struct str line)
{
    for (size_t i = 0; i < line.len; i++) {
        unsigned char byte = (unsigned char)line.ptr[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return true;
    }
    return false;
}

/* "GET /path HTTP/1.1": two spaces, each between words. */
static const char *problem_of_request_line(struct str line)
{
    size_t first = str_find_byte(line, ' ');
    struct str rest = first == SIZE_MAX ? STR("") : str_slice(line, first + 1, SIZE_MAX);
    size_t second = str_find_byte(rest, ' ');
    bool good = second != SIZE_MAX && second > 0 &&
                str_find_byte(str_slice(rest, second + 1, SIZE_MAX), ' ') == SIZE_MAX &&
                str_find_byte(line, '\t') == SIZE_MAX;
    return good ? NULL : "malformed request line";
}

static const char *problem_of_lines(const struct http_wire *w)
{
    struct str bytes = buf_str(&w->bytes), line;
    const char *problem = NULL;
    for (size_t i = 0; !problem && take_until(&bytes, '\n', &line); i++) {
        line.len--; /* its CR */
        if (has_control_byte(line))
            problem = "control byte in a header";
        else if (i == 0)
            problem = w->is_response ? NULL : problem_of_request_line(line);
        else if (line.len > 0)
            problem = problem_of_line(line);
    }
    return problem;
}

/* A comma-separated list in any of the fields of that name has the word. */
static bool has_word(const struct http_head *head, const char *name, struct str word)
{
    for (size_t i = 0; i < head->n; i++) {
        if (!str_equal_nocase(head->fields[i].name, str_from(name)))
            continue;
        struct str list = head->fields[i].value, piece;
        while (take_until(&list, ',', &piece)) {
            if (str_equal_nocase(str_trim(piece), word))
                return true;
        }
    }
    return false;
}

static bool set_keep_alive(struct http_head *head)
{
    if (has_word(head, "Connection", STR("close")))
        return false;
    return head->minor == 1 || has_word(head, "Connection", STR("keep-alive"));
}

static enum http_step check_framing(struct http_wire *w)
{
    struct http_head *head = &w->head;
    size_t lengths = count_fields(head, "Content-Length");
    size_t codings = count_fields(head, "Transfer-Encoding");
    if (codings > 0 && (lengths > 0 || head->minor == 0))
        return bad(w, 400, "Transfer-Encoding with Content-Length or in HTTP/1.0");
    if (codings > 1 ||
        (codings == 1 &&
         !str_equal_nocase(http_head_field(head, "Transfer-Encoding"), STR("chunked"))))
        return bad(w, 501, "transfer coding other than chunked");
    if (lengths > 1)
        return bad(w, 400, "more than one Content-Length");
    if (lengths == 1 && !str_to_u64(http_head_field(head, "Content-Length"), &head->length))
        return bad(w, 400, "Content-Length is not a number");
    head->has_length = lengths == 1;
    head->is_chunked = codings == 1;
    return HTTP_STEP_HEAD;
}

static enum http_step check_head(struct http_wire *w)
{
    struct http_head *head = &w->head;
    if (head->minor > 1)
        return bad(w, 505, "HTTP version is not 1.0 or 1.1");
    size_t hosts = count_fields(head, "Host");
    if (!w->is_response && (hosts > 1 || (hosts == 0 && head->minor == 1)))
        return bad(w, 400, hosts ? "more than one Host header" : "no Host header");
    head->keep_alive = set_keep_alive(head);
    return check_framing(w);
}

static bool has_no_body(const struct http_wire *w)
{
    unsigned status = w->head.status;
    return w->is_response && (w->no_body || status < 200 || status == 204 || status == 304);
}

static unsigned phase_after_head(const struct http_wire *w)
{
    if (has_no_body(w))
        return PHASE_END;
    if (w->head.is_chunked)
        return PHASE_CHUNK_SIZE;
    if (w->head.has_length)
        return w->head.length ? PHASE_LENGTH : PHASE_END;
    return w->is_response ? PHASE_TO_END : PHASE_END;
}

static enum http_step parse_head(struct http_wire *w)
{
    const char *problem = problem_of_lines(w);
    if (problem)
        return bad(w, 400, problem);
    struct reading r = {.head = &w->head};
    bool parsed = run_library(w, &r);
    if (r.too_many)
        return bad(w, 431, "too many header fields");
    if (!parsed)
        return bad(w, 400, w->is_response ? "malformed response" : "malformed request");
    for (size_t i = 0; i < w->head.n; i++)
        w->head.fields[i].value = str_trim(w->head.fields[i].value);
    w->head.method = w->is_response
                         ? STR("")
                         : str_slice(buf_str(&w->bytes), 0, str_find_byte(buf_str(&w->bytes), ' '));
    enum http_step step = check_head(w);
    if (step != HTTP_STEP_HEAD)
        return step;
    w->phase = phase_after_head(w);
    w->left = w->head.length;
    w->line_len = w->at_line = 0;
    return HTTP_STEP_HEAD;
}

/* The last line is whole: does it end the head? Empty lines before the first are dropped. */
static bool is_head_whole(struct http_wire *w)
{
    if (w->bytes.len == 2) {
        buf_reset(&w->bytes);
        return false;
    }
    return str_ends(buf_str(&w->bytes), STR("\r\n\r\n"));
}

/* Moves one line, or the part of it that is there and fits, from *in to the head. */
static const char *add_line(struct http_wire *w, struct str *in, bool *ended)
{
    struct str part = str_slice(*in, 0, HTTP_HEAD_MAX - w->bytes.len);
    size_t newline = str_find_byte(part, '\n');
    *ended = newline != SIZE_MAX;
    part = *ended ? str_slice(part, 0, newline + 1) : part;
    bool cr_waits = w->bytes.len > 0 && w->bytes.ptr[w->bytes.len - 1] == '\r';
    buf_add(&w->bytes, part);
    *in = str_slice(*in, part.len, SIZE_MAX);
    if (str_find_byte(part, '\0') != SIZE_MAX)
        return "NUL byte in a header";
    if (cr_waits && part.ptr[0] != '\n')
        return "CR without LF";
    size_t cr = str_find_byte(part, '\r');
    if (cr != SIZE_MAX && cr + (*ended ? 2 : 1) != part.len)
        return "CR without LF";
    return *ended && cr == SIZE_MAX && !cr_waits ? "line ends without CR" : NULL;
}

static enum http_step next_head(struct http_wire *w, struct str *in)
{
    if (w->phase == PHASE_FRESH && in->len > 0) {
        buf_reset(&w->bytes);
        w->head = (struct http_head){.fields = w->head.fields, .capacity = w->head.capacity};
        w->phase = PHASE_HEAD;
    }
    w->bytes.max = HTTP_HEAD_MAX;
    while (in->len > 0) {
        if (w->bytes.len == HTTP_HEAD_MAX)
            return bad(w, 431, "request line and headers are longer than 16 KiB");
        bool ended;
        const char *problem = add_line(w, in, &ended);
        if (problem)
            return bad(w, 400, problem);
        if (ended && is_head_whole(w))
            return parse_head(w);
    }
    return HTTP_STEP_MORE;
}

/* --- Bodies. --- */

static enum http_step take_piece(struct http_wire *w, struct str *in, struct str *piece,
                                 unsigned phase_after)
{
    *piece = str_slice(*in, 0, w->left < in->len ? (size_t)w->left : in->len);
    *in = str_slice(*in, piece->len, SIZE_MAX);
    w->left -= piece->len;
    if (w->left == 0)
        w->phase = phase_after;
    return HTTP_STEP_BODY;
}

static enum http_step next_to_end(struct str *in, struct str *piece)
{
    *piece = *in;
    *in = str_slice(*in, in->len, 0);
    return HTTP_STEP_BODY;
}

static bool chunk_size_byte(struct http_wire *w, char c)
{
    int digit = hex_value(c);
    if (digit >= 0) {
        w->left = w->left * 16 + (unsigned)digit;
        return ++w->line_len <= 15;
    }
    if (w->line_len == 0 || (c != '\r' && c != ';'))
        return false;
    w->phase = c == '\r' ? PHASE_CHUNK_SIZE_LF : PHASE_CHUNK_EXTENSION;
    return true;
}

static bool chunk_extension_byte(struct http_wire *w, char c)
{
    if (c == '\r')
        w->phase = PHASE_CHUNK_SIZE_LF;
    return c != '\n' && c != '\0' && ++w->line_len <= HTTP_CHUNK_LINE_MAX;
}

static bool chunk_size_end(struct http_wire *w, char c)
{
    w->phase = w->left ? PHASE_CHUNK_DATA : PHASE_TRAILER;
    w->line_len = w->at_line = 0;
    return c == '\n';
}

static bool trailer_byte(struct http_wire *w, char c)
{
    if (c == '\r')
        w->phase = PHASE_TRAILER_LF;
    else
        w->at_line++;
    return c != '\n' && c != '\0' && ++w->line_len <= HTTP_HEAD_MAX;
}

static bool trailer_line_end(struct http_wire *w, char c)
{
    w->phase = w->at_line ? PHASE_TRAILER : PHASE_END;
    w->at_line = 0;
    return c == '\n';
}

static bool framing_byte(struct http_wire *w, char c)
{
    switch (w->phase) {
    case PHASE_CHUNK_SIZE:
        return chunk_size_byte(w, c);
    case PHASE_CHUNK_EXTENSION:
        return chunk_extension_byte(w, c);
    case PHASE_CHUNK_SIZE_LF:
        return chunk_size_end(w, c);
    case PHASE_CHUNK_DATA_CR:
        w->phase = PHASE_CHUNK_DATA_LF;
        return c == '\r';
    case PHASE_CHUNK_DATA_LF:
        w->phase = PHASE_CHUNK_SIZE;
        w->left = w->line_len = 0;
        return c == '\n';
    case PHASE_TRAILER:
        return trailer_byte(w, c);
    default:
        return trailer_line_end(w, c);
    }
}

enum http_step http_wire_next(struct http_wire *w, struct str *in, struct str *piece)
{
    if (w->phase == PHASE_HEAD || w->phase == PHASE_FRESH)
        return next_head(w, in);
    while (in->len > 0 || w->phase == PHASE_END || w->phase == PHASE_BAD) {
        switch (w->phase) {
        case PHASE_BAD:
            return HTTP_STEP_BAD;
        case PHASE_END:
            w->phase = PHASE_FRESH;
            return HTTP_STEP_END;
        case PHASE_LENGTH:
            return take_piece(w, in, piece, PHASE_END);
        case PHASE_CHUNK_DATA:
            return take_piece(w, in, piece, PHASE_CHUNK_DATA_CR);
        case PHASE_TO_END:
            return next_to_end(in, piece);
        default:
            if (!framing_byte(w, in->ptr[0]))
                return bad(w, 400, "malformed chunk");
            *in = str_slice(*in, 1, SIZE_MAX);
        }
    }
    return HTTP_STEP_MORE;
}

bool http_wire_is_idle(const struct http_wire *w)
{
    return w->phase == PHASE_FRESH || (w->phase == PHASE_HEAD && w->bytes.len == 0);
}

bool http_wire_finish(const struct http_wire *w)
{
    return w->phase == PHASE_TO_END || http_wire_is_idle(w);
}

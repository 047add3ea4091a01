#include "formats/line/request_id.h"

#include "base/mem.h"
#include "formats/line/byte_sets.h"
#include "formats/line/canonical_id.h"

enum id_rank {
    RANK_OWN,
    RANK_TRACE,
    RANK_REQUEST,
    RANK_VENDOR,
    RANK_PLACE,
    RANK_FIELD,
    RANK_COUNTER,
    RANK_NONE
};

enum id_form {
    FORM_ANY,
    FORM_WIDE,    /* at least WIDE_LEAST bytes: of other things the name is short too */
    FORM_TRACE,   /* one of the forms that trace_part knows, or 16 or 32 hex digits */
    FORM_CONTEXT, /* [service,instance,ID,segment,span] */
    FORM_WORKER,  /* no id, but who writes */
    FORM_PROCESS, /* the same of a whole process */
};

enum {
    WORDS_MAX = 32,   /* bytes of a name; longer ones of the configuration count by their last */
    WIDE_LEAST = 20,  /* invariant of FORM_WIDE */
    VALUE_MAX = 256,  /* bytes of a value that are looked at */
    PLACE_MOST = 512, /* a tag begins, and a worker is named, before that byte of the line */
    WORKER_MAX = 64,
    UUID_LEN = 36,
    HEX_LEN = 32,
    HALF_LEN = 16,
};

/* Words with blanks between them. */
static const struct {
    struct str words;
    uint8_t rank, form;
} built_in[] = {
    {STR_INIT("thread"), RANK_OWN, FORM_WORKER},
    {STR_INIT("thread name"), RANK_OWN, FORM_WORKER},
    {STR_INIT("thread id"), RANK_OWN, FORM_WORKER},
    {STR_INIT("tid"), RANK_OWN, FORM_WORKER},
    {STR_INIT("worker"), RANK_OWN, FORM_WORKER},
    {STR_INIT("worker id"), RANK_OWN, FORM_WORKER},
    {STR_INIT("worker name"), RANK_OWN, FORM_WORKER},
    {STR_INIT("process name"), RANK_OWN, FORM_WORKER},
    {STR_INIT("pid"), RANK_OWN, FORM_PROCESS},
    {STR_INIT("process id"), RANK_OWN, FORM_PROCESS},
    {STR_INIT("trace id"), RANK_TRACE, FORM_ANY},
    {STR_INIT("trace parent"), RANK_TRACE, FORM_TRACE},
    {STR_INIT("trace context"), RANK_TRACE, FORM_TRACE},
    {STR_INIT("sentry trace"), RANK_TRACE, FORM_TRACE},
    {STR_INIT("googleapis com/trace"), RANK_TRACE, FORM_TRACE},
    {STR_INIT("b3"), RANK_TRACE, FORM_TRACE},
    {STR_INIT("tid"), RANK_TRACE, FORM_WIDE},
    {STR_INIT("sw ctx"), RANK_TRACE, FORM_CONTEXT},
    {STR_INIT("request id"), RANK_REQUEST, FORM_ANY},
    {STR_INIT("req id"), RANK_REQUEST, FORM_ANY},
    {STR_INIT("correlation id"), RANK_REQUEST, FORM_ANY},
    {STR_INIT("cf ray"), RANK_VENDOR, FORM_ANY},
    {STR_INIT("ray id"), RANK_VENDOR, FORM_ANY},
};

/* ---- names ---- */

/* In front of a name that is shorter than the table asks, whatever a name can stand behind. */
static void add_end(struct name_ends *ends, struct str text)
{
    char padded[3] = {0, text.len > 1 ? text.ptr[0] : 0, text.len ? text.ptr[text.len - 1] : 0};
    if (text.len >= 3) {
        name_ends_add(ends, text);
        return;
    }
    for (unsigned char c = ' '; c < 0x7f; c++) {
        padded[0] = (char)c;
        name_ends_add(ends, str_of(padded, sizeof padded));
    }
}

/* As it may be written: joined, or its last two words by one of these. The last two are of {"req":{"id":…}}. */
static void add_ends(struct name_ends *ends, struct str words)
{
    static const char joints[] = "_-. {\"";
    char text[WORDS_MAX + 2];
    size_t blank = words.len;
    while (blank > 0 && words.ptr[blank - 1] != ' ')
        blank--;
    struct str last = str_slice(words, blank, SIZE_MAX);
    if (blank == 0) {
        add_end(ends, last);
        return;
    }
    memcpy(text, words.ptr, words.len);
    memmove(text + blank - 1, last.ptr, last.len);
    add_end(ends, str_of(text, words.len - 1));
    memcpy(text, words.ptr, words.len);
    for (size_t i = 0; i + 1 < sizeof joints; i++) {
        text[blank - 1] = joints[i];
        add_end(ends, str_of(text, words.len));
    }
    for (size_t i = 0; i + 1 < sizeof joints; i++) { /* {"id" and its like */
        memcpy(text, (char[]){joints[i], '"'}, 2);
        memcpy(text + 2, last.ptr, last.len);
        add_end(ends, str_of(text, last.len + 2));
    }
}

/* "x-myId" as "x my id". */
static struct str words_of(struct str key, char text[WORDS_MAX])
{
    size_t n = 0;
    key = key.len > WORDS_MAX / 2 ? str_slice(key, key.len - WORDS_MAX / 2, SIZE_MAX) : key;
    for (size_t i = 0; i < key.len; i++) {
        char c = key.ptr[i];
        bool begins = i > 0 && is_upper(c) && !is_upper(key.ptr[i - 1]);
        if ((begins || !is_alnum(c)) && n > 0 && text[n - 1] != ' ')
            text[n++] = ' ';
        if (is_alnum(c))
            text[n++] = (char)(is_letter(c) ? c | 0x20 : c);
    }
    return str_of(text, n > 0 && text[n - 1] == ' ' ? n - 1 : n);
}

static struct str without_blanks(struct str words, struct arena *arena)
{
    char *text = arena_alloc(arena, words.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < words.len; i++) {
        if (words.ptr[i] != ' ')
            text[n++] = words.ptr[i];
    }
    return str_of(text, n);
}

static void add_name(struct id_names *names, struct str words, enum id_rank rank, enum id_form form,
                     struct arena *arena)
{
    add_ends(&names->ends, words);
    names->items[names->n++] =
        (struct id_name){without_blanks(words, arena), (uint8_t)rank, (uint8_t)form};
}

static bool is_of_ids(enum id_form form)
{
    return form != FORM_WORKER && form != FORM_PROCESS;
}

void id_names_init(struct id_names *names, const struct str *keys, size_t n, struct arena *arena)
{
    n = min_of(n, (size_t)ID_NAMES_MAX);
    *names = (struct id_names){.items = arena_array(arena, struct id_name, n + countof(built_in))};
    for (size_t i = 0; i < n; i++) {
        char text[WORDS_MAX];
        struct str words = words_of(keys[i], text);
        if (words.len > 1)
            add_name(names, words, RANK_OWN, FORM_ANY, arena);
    }
    for (size_t i = 0; i < countof(built_in); i++) {
        if (is_of_ids(built_in[i].form))
            add_name(names, built_in[i].words, built_in[i].rank, built_in[i].form, arena);
    }
}

static void names_of_form(struct id_names *names, enum id_form form, struct arena *arena)
{
    *names = (struct id_names){.items = arena_array(arena, struct id_name, countof(built_in))};
    for (size_t i = 0; i < countof(built_in); i++) {
        if (built_in[i].form == form)
            add_name(names, built_in[i].words, built_in[i].rank, form, arena);
    }
}

void worker_names_init(struct id_names *names, struct arena *arena)
{
    names_of_form(names, FORM_WORKER, arena);
}

void process_names_init(struct id_names *names, struct arena *arena)
{
    names_of_form(names, FORM_PROCESS, arena);
}

/* ---- values ---- */

static size_t hex_run(struct str s, size_t from, size_t most)
{
    size_t n = 0;
    while (n < most && is_hex(byte_at(s, from + n)))
        n++;
    return n;
}

static bool is_uuid_at(struct str s, size_t at)
{
    static const uint8_t groups[] = {8, 4, 4, 4, 12};
    for (size_t i = 0; i < countof(groups); i++) {
        if (hex_run(s, at, groups[i]) != groups[i])
            return false;
        at += groups[i] + 1u;
        if (i + 1 < countof(groups) && byte_at(s, at - 1) != '-')
            return false;
    }
    return true;
}

static bool is_zero(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] != '0' && s.ptr[i] != '-')
            return false;
    }
    return true;
}

/* The trace id in 00-ID-span-01, ID-span, ID/span;o=1, ID:span:0:1, |ID.span. */
static bool hex_part(struct str value, struct str *id)
{
    bool is_azure = byte_at(value, 0) == '|';
    size_t at = is_azure;
    if (hex_run(value, at, 3) == 2 && byte_at(value, at + 2) == '-')
        at += 3;
    size_t len = hex_run(value, at, HEX_LEN + 1);
    char next = byte_at(value, at + len);
    if ((len != HEX_LEN && len != HALF_LEN) ||
        (next && !memchr(is_azure ? "...." : "-/:;", next, 4)))
        return false;
    if (next == '-' && hex_run(value, at + len + 1, HALF_LEN + 1) != HALF_LEN)
        return false;
    *id = str_slice(value, at, len);
    return true;
}

/* And that in Root=ID;Parent=…, projects/p/traces/ID. */
static bool trace_part(struct str value, struct str *id)
{
    enum { ROOT_LEN = 35 };
    if (hex_part(value, id))
        return true;
    if (str_find_byte(value, '=') != SIZE_MAX) {
        size_t root = str_find(value, STR("Root="));
        *id = str_slice(value, root == SIZE_MAX ? value.len : root + 5, ROOT_LEN);
        return id->len == ROOT_LEN && id->ptr[1] == '-' && id->ptr[10] == '-';
    }
    size_t traces = value.len > HEX_LEN ? str_find(value, STR("/traces/")) : SIZE_MAX;
    return traces != SIZE_MAX && hex_part(str_slice(value, traces + 8, SIZE_MAX), id);
}

static bool is_id_byte(char c)
{
    return is_alnum(c) || (c && memchr("-_.+/=@:|~#", c, 11));
}

/* Invariant 1, but for its bytes. */
static bool says_something(struct str id)
{
    size_t digits = 0, letters = 0;
    for (size_t i = 0; i < id.len; i++) {
        digits += is_digit(id.ptr[i]);
        letters += is_letter(id.ptr[i]);
    }
    return id.len > 0 && id.len <= REQUEST_ID_MAX && (digits > 0 || letters >= 16) &&
           !(id.len > 1 && is_zero(id));
}

struct id_value {
    struct str text;
    bool is_quoted;
};

/* Up to its quote, or to what cannot be in an id. */
static struct id_value value_at(struct str line, size_t at)
{
    struct id_value v = {0};
    size_t slashes = 0;
    at = skip_blanks(line, at);
    while (slashes < 8 && byte_at(line, at + slashes) == '\\')
        slashes++;
    char quote = byte_at(line, at + slashes);
    v.is_quoted = quote == '"' || quote == '\'' || quote == '`';
    if (v.is_quoted)
        at += slashes + 1;
    else if (quote == '[')
        at += slashes + 1; /* headers of Go: map[X-Request-Id:[ID]] */
    size_t end = at, most = min_of(line.len, at + VALUE_MAX);
    while (end < most && (is_id_byte(line.ptr[end]) || line.ptr[end] == ';'))
        end++;
    char next = byte_at(line, end);
    v.text = str_slice(line, at, end - at);
    if (v.is_quoted && next != quote && next != '\\')
        v.text.len = 0;
    return v;
}

/* Where a plain value ends: "id=4f1c;", "ID: 4f1c." */
static struct str plain_part(struct id_value v)
{
    struct str id = v.text;
    size_t end = str_find_byte(id, ';');
    id.len = min_of(id.len, end);
    while (!v.is_quoted && id.len > 0 && memchr(".:/=|", id.ptr[id.len - 1], 5))
        id.len--;
    return id;
}

/* The third of five, of SkyWalking. */
static struct str context_part(struct str line, size_t at)
{
    at = skip_blanks(line, at);
    struct str rest = str_slice(line, at, VALUE_MAX), piece = {0};
    if (!take_prefix(&rest, STR("[")))
        return piece;
    for (int i = 0; i < 3; i++) {
        if (!take_until(&rest, ',', &piece))
            return (struct str){0};
    }
    for (size_t i = 0; i < piece.len; i++) {
        if (!is_id_byte(piece.ptr[i]))
            return (struct str){0};
    }
    return piece;
}

/* ---- looking ---- */

struct search {
    const struct id_names *names;
    struct str line, found;
    unsigned rank; /* of what is found; RANK_NONE */
    enum {
        ACCESS_UNKNOWN,
        ACCESS_NO,
        ACCESS_YES
    } access; /* whether it is a line of an access log */
};

static void offer(struct search *s, struct str id, unsigned rank)
{
    if (rank < s->rank && says_something(id)) {
        s->found = id;
        s->rank = rank;
    }
}

/* Decimal, as Datadog's. */
static bool is_number(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_digit(s.ptr[i]))
            return false;
    }
    return s.len > 0;
}

/* One that is numbered: "main" writes for all requests. */
static void offer_worker(struct search *s, struct str text)
{
    bool has_digit = false;
    for (size_t i = 0; i < text.len; i++)
        has_digit |= is_digit(text.ptr[i]);
    bool is_trace = hex_run(text, 0, HEX_LEN) == HEX_LEN; /* SkyWalking's TID */
    if (has_digit && text.len <= WORKER_MAX && !is_trace) {
        s->found = text;
        s->rank = RANK_OWN;
    }
}

static void take_value(struct search *s, const struct id_name *name, size_t at)
{
    struct id_value v = value_at(s->line, at);
    unsigned rank = name->rank;
    struct str id;
    if (!is_of_ids(name->form)) {
        offer_worker(s, plain_part(v));
        return;
    }
    if (name->form == FORM_CONTEXT)
        id = context_part(s->line, at);
    else if (!trace_part(v.text, &id))
        id = name->form == FORM_TRACE ? (struct str){0} : plain_part(v);
    if (name->form == FORM_WIDE && id.len < WIDE_LEAST)
        return;
    if (rank != RANK_OWN && id.len <= COUNTER_MOST)
        rank = RANK_COUNTER;
    else if (rank == RANK_TRACE && is_number(id))
        rank = RANK_VENDOR;
    offer(s, id, rank);
}

/* Of {"req":{"id":1}}, with the end of id: "req.id"; 0 bytes: there is no name around it. */
static struct str nested(struct str line, size_t end, char text[WORDS_MAX])
{
    size_t from = end, at;
    while (from > 0 && end - from < WORDS_MAX / 2 && is_alnum(line.ptr[from - 1]))
        from--;
    if (from < 2 || !memchr("{ \\", line.ptr[from - 2], 3))
        return (struct str){0};
    for (at = from; at > 0 && from - at < NAME_GAP_MAX; at--) {
        if (is_alnum(line.ptr[at - 1]) || !memchr("\\\"{: ", line.ptr[at - 1], 5))
            break;
    }
    size_t outer = at;
    while (outer > 0 && at - outer < WORDS_MAX / 2 - 1 && is_alnum(line.ptr[outer - 1]))
        outer--;
    if (outer == at || str_find_byte(str_slice(line, at, from - at), '{') == SIZE_MAX)
        return (struct str){0};
    memcpy(text, line.ptr + outer, at - outer);
    text[at - outer] = '.';
    memcpy(text + (at - outer) + 1, line.ptr + from, end - from);
    return str_of(text, at - outer + 1 + end - from);
}

static inline bool ends_in(struct str text, struct str words)
{
    if (text.len < words.len || (text.ptr[text.len - 1] | 0x20) != words.ptr[words.len - 1] ||
        (is_alnum(text.ptr[text.len - 2]) &&
         (text.ptr[text.len - 2] | 0x20) != words.ptr[words.len - 2]))
        return false; /* told without a call */
    size_t begin = words_begin(text, words);
    return begin != SIZE_MAX && is_word_begin(text, begin);
}

/* At the sign of a name that ends there and may be one that counts. */
static void look_at_name(struct search *s, size_t at, size_t end)
{
    char text[WORDS_MAX];
    size_t from = end > 2 * WORDS_MAX ? end - 2 * WORDS_MAX : 0;
    struct str name = str_slice(s->line, from, end - from);
    struct str outer =
        byte_at(s->line, at - 1) == '"' ? nested(s->line, end, text) : (struct str){0};
    for (size_t i = 0; i < s->names->n && s->names->items[i].rank < s->rank; i++) {
        const struct id_name *n = &s->names->items[i];
        if (!ends_in(name, n->words) && !ends_in(outer, n->words))
            continue;
        size_t value = behind_sign(s->line, at);
        if (value)
            take_value(s, n, value);
        return;
    }
}

static void look_at_end(struct search *s, size_t at)
{
    size_t end = at > 0 && is_alnum(s->line.ptr[at - 1]) ? at : name_end(s->line, at);
    if (name_ends_have(&s->names->ends, s->line, end))
        look_at_name(s, at, end);
}

/* Nearly all pairs are told here to be none, without a branch that depends on what they are. */
static inline void look_at_pair(struct search *s, size_t at)
{
    enum { LEAST = 4 };
    const char *sign = s->line.ptr + at;
    if (at < LEAST) {
        look_at_end(s, at);
        return;
    }
    bool is_plain = name_ends_may(&s->names->ends, sign);
    bool is_quoted = name_ends_may(&s->names->ends, sign - 1) & (sign[-1] == '"');
    bool is_other = !is_alnum(sign[-1]) & (sign[-1] != '"' || sign[-2] == '\\');
    if (is_plain | is_quoted | is_other)
        look_at_end(s, at);
}

/* "name: [" is a value's list, " : [" of a text before it is none. */
static bool is_tag_open(struct str line, size_t at)
{
    if (at == 0 || at > PLACE_MOST || line.ptr[at - 1] != '[')
        return false;
    size_t before = at - 1;
    while (before > 0 && is_blank(line.ptr[before - 1]))
        before--;
    bool is_name = before > 1 && before < at - 1 && line.ptr[before - 1] == ':' &&
                   is_alnum(line.ptr[before - 2]);
    return before == 0 || (!is_name && (before < at - 1 || memchr("\"]", line.ptr[before - 1], 2)));
}

/* [ID], [application,ID,span,true], [ID-span] */
static bool is_tag(struct str line, size_t at, size_t len)
{
    char next = byte_at(line, at + len);
    if (is_tag_open(line, at) && next == ']')
        return true;
    bool is_first = at > 0 && (line.ptr[at - 1] == '[' || line.ptr[at - 1] == ',');
    if (!is_first || at > PLACE_MOST || (next != ',' && next != '-'))
        return false;
    size_t span = at + len + 1 + (byte_at(line, at + len + 1) == ' ');
    size_t end = span + HALF_LEN;
    return hex_run(line, span, HALF_LEN + 1) == HALF_LEN &&
           (byte_at(line, end) == ']' || byte_at(line, end) == ',');
}

static bool ends_field(char c)
{
    return !c || c == ' ' || c == '"' || c == '\t' || c == '|';
}

/* With a request of HTTP, and no JSON. All of it is looked at once. */
static bool is_access_line(struct search *s)
{
    if (s->access == ACCESS_UNKNOWN) {
        bool is_one = s->line.ptr[0] != '{' && str_find(s->line, STR(" HTTP/")) != SIZE_MAX;
        s->access = is_one ? ACCESS_YES : ACCESS_NO;
    }
    return s->access == ACCESS_YES;
}

/* Between blanks or quotes in such a line. */
static bool is_access_field(struct search *s, size_t at, size_t len)
{
    return at > 0 && ends_field(s->line.ptr[at - 1]) && ends_field(byte_at(s->line, at + len)) &&
           len != HALF_LEN && is_access_line(s);
}

/* At the first of 16 and more hex digits and '-'. */
static void look_at_run(struct search *s, size_t at)
{
    struct str line = s->line;
    bool is_openstack = line.ptr[at] == '-' && at >= 3 && memcmp(line.ptr + at - 3, "req", 3) == 0;
    at += is_openstack;
    size_t hex = hex_run(line, at, HEX_LEN + 1), len = hex;
    if (hex == 8 && is_uuid_at(line, at))
        len = UUID_LEN;
    else if (hex != HEX_LEN && hex != HALF_LEN)
        return;
    size_t front = is_openstack ? 4 : 0;
    char before = at > front ? line.ptr[at - front - 1] : 0, next = byte_at(line, at + len);
    if (is_alnum(next) || next == '_' || is_alnum(before) || before == '_')
        return;
    struct str id = str_slice(line, at - front, front + len);
    bool is_place = is_openstack ? len == UUID_LEN && next != '-' : is_tag(line, at, len);
    if (is_place)
        offer(s, id, RANK_PLACE);
    else if (s->rank > RANK_FIELD && is_access_field(s, at, len))
        offer(s, id, RANK_FIELD);
}

static inline void look_at_pairs(struct search *s, uint64_t set, size_t base)
{
    for (; set; set &= set - 1)
        look_at_pair(s, base + (unsigned)__builtin_ctzll(set));
}

struct request_id request_id_find(const struct id_names *names, struct str line)
{
    struct search s = {.names = names, .line = line, .rank = RANK_NONE};
    unsigned best = names->items[0].rank; /* nothing is less */
    uint64_t before = 0;
    struct id_sets now, next;
    id_sets_load(line, 0, &now);
    for (size_t base = 0; base < line.len && s.rank > best; base += BYTE_SETS_WIDTH, now = next) {
        id_sets_load(line, base + BYTE_SETS_WIDTH, &next);
        look_at_pairs(&s, now.pair, base);
        uint64_t runs = runs_of_sixteen(before, now.hex, next.hex);
        for (; runs && s.rank > RANK_PLACE; runs &= runs - 1)
            look_at_run(&s, base + (unsigned)__builtin_ctzll(runs));
        before = now.hex;
    }
    return (struct request_id){s.found, s.rank == RANK_COUNTER && is_number(s.found)};
}

/* [http-nio-8080-exec-1], [pool-1-thread-2] */
static void look_for_thread(struct search *s)
{
    static const struct str words[] = {STR_INIT("exec"), STR_INIT("thread"), STR_INIT("Thread"),
                                       STR_INIT("worker"), STR_INIT("Worker")};
    struct str head = str_slice(s->line, 0, PLACE_MOST / 2), text;
    while (s->rank == RANK_NONE && take_until(&head, '[', &text) && head.len > 0) {
        size_t len = 0;
        while (is_id_byte(byte_at(head, len)))
            len++;
        text = str_slice(head, 0, len);
        bool may_be = len > 6 && byte_at(head, len) == ']' && is_digit(text.ptr[len - 1]);
        for (size_t i = 0; may_be && i < countof(words); i++) {
            if (str_find(text, words[i]) != SIZE_MAX)
                offer_worker(s, text);
        }
    }
}

static struct search look_at_names(const struct id_names *names, struct str line)
{
    struct search s = {.names = names, .line = str_slice(line, 0, PLACE_MOST), .rank = RANK_NONE};
    struct id_sets sets;
    for (size_t base = 0; base < s.line.len && s.rank == RANK_NONE; base += BYTE_SETS_WIDTH) {
        id_sets_load(s.line, base, &sets);
        look_at_pairs(&s, sets.pair, base);
    }
    return s;
}

struct str worker_find(const struct id_names *workers, struct str line)
{
    struct search s = look_at_names(workers, line);
    look_for_thread(&s);
    return s.found;
}

struct str process_find(const struct id_names *processes, struct str line)
{
    return look_at_names(processes, line).found;
}

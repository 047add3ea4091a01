#include "formats/line/traces.h"

#include "base/ascii.h"
#include "base/mem.h"

enum {
    JSON_LINES_MAX = 20000,
    JSON_DEPTH_MAX = 1000,
};

#define ANY     (~0u)
#define LANG(x) (1u << MULTILINE_##x)

/* ---- JSON over several lines ---- */

/* Adds the brackets of a line; false: they do not match what is open. */
static bool count_brackets(struct str line, uint32_t *depth)
{
    bool is_quoted = false;
    for (size_t i = 0; i < line.len; i++) {
        char c = line.ptr[i];
        if (is_quoted) {
            i += c == '\\';
            is_quoted = c != '"';
            continue;
        }
        is_quoted = c == '"';
        if (c == '{' || c == '[')
            ++*depth;
        if ((c == '}' || c == ']') &&
            (*depth == 0 || (--*depth == 0 && without_front(str_slice(line, i + 1, line.len)).len)))
            return false;
    }
    return !is_quoted && *depth <= JSON_DEPTH_MAX;
}

/* A line as a printer of JSON writes it inside a container. */
static bool is_piece_of_json(struct str text)
{
    static const struct str words[] = {STR_INIT("true"), STR_INIT("false"), STR_INIT("null")};
    if (!text.len)
        return false;
    char c = text.ptr[0], end = last_byte(text);
    if (c == '}' || c == ']')
        return text.len == 1 || text.ptr[1] == ',' || text.ptr[1] == '}' || text.ptr[1] == ']' ||
               text.ptr[1] == ' ';
    if (c == '{' || c == '[')
        return end == c || end == ',' || end == '}' || end == ']';
    for (size_t i = 0; i < countof(words); i++)
        if (str_starts(text, words[i]))
            return text.len <= words[i].len + 1;
    if (c == '"')
        return end == ',' || end == '{' || end == '[' || end == '"' || end == '}' || end == ']' ||
               end == ':' || is_digit(end) || str_ends(text, STR("true")) ||
               str_ends(text, STR("false")) || str_ends(text, STR("null"));
    return (is_digit(c) || c == '-') && name_length(text, "+-.") >= text.len - (end == ',');
}

/* The line leaves a container of JSON open: it is "{", "[", or begins like one and ends like one that
 * a printer has broken. */
static bool begins_json(const struct trace_line *l, uint32_t *depth)
{
    char c = l->text.len ? l->text.ptr[0] : 0, end = last_byte(l->text);
    *depth = 0;
    if ((c != '{' && c != '[') || l->is_long || (end != '{' && end != '[' && end != ','))
        return false;
    struct str inner = without_front(str_slice(l->text, 1, l->text.len));
    return (!inner.len || inner.ptr[0] == '"' || inner.ptr[0] == '{') &&
           count_brackets(l->text, depth) && *depth > 0;
}

static bool goes_on_in_json(const struct trace_line *l, struct multiline_state *s)
{
    uint32_t depth = s->depth;
    if (l->is_long || s->lines >= JSON_LINES_MAX || !is_piece_of_json(l->text) ||
        !count_brackets(l->text, &depth))
        return false;
    s->depth = depth;
    s->lines++;
    s->state = depth ? RECORD_JSON : RECORD_WHOLE;
    return true;
}

/* ---- what goes on ---- */

/* Each rule says whether a line goes on with the open record, and if so what that is now. */
typedef bool rule_function(const struct trace_line *l, struct multiline_state *s);

static bool becomes(struct multiline_state *s, enum trace_record record)
{
    s->state = (uint8_t)record;
    return true;
}

/* at shop.Pay.run(Pay.java:12)    at async f (/srv/x.js:1:2)    at Shop.Pay() in /src/Pay.cs:line 3 */
static bool is_sure_frame(struct str rest)
{
    size_t open = str_find_byte(rest, '('), blank = str_find_byte(rest, ' ');
    size_t n = rest.len - (last_byte(rest) == ')');
    bool has_place = n && is_digit(rest.ptr[n - 1]);
    while (n && is_digit(rest.ptr[n - 1]))
        n--;
    return (open != SIZE_MAX && open > 0 && open < blank) ||
           (has_place && n && rest.ptr[n - 1] == ':');
}

static bool frame_at(const struct trace_line *l, struct multiline_state *s)
{
    struct str rest = l->text;
    if (!l->is_indented || !take_prefix(&rest, STR("at ")) || !rest.len)
        return false;
    if (s->state == RECORD_RUST || s->state == RECORD_NODE)
        return true;
    return (in_trace(s) || is_sure_frame(rest)) && becomes(s, RECORD_TRACE);
}

static bool cause(const struct trace_line *l, struct multiline_state *s)
{
    static const struct str starts[] = {STR_INIT("Caused by: "),  STR_INIT("Suppressed: "),
                                        STR_INIT("Wrapped by: "), STR_INIT("---> "),
                                        STR_INIT("--- End of "),  STR_INIT("[cause]: "),
                                        STR_INIT("[errors]: "),   STR_INIT("[CIRCULAR REFERENCE")};
    bool may_be = in_trace(s) || s->state == RECORD_TEXT;
    for (size_t i = 0; i < countof(starts) && may_be; i++)
        if (str_starts(l->text, starts[i]))
            return becomes(s, s->state == RECORD_NODE ? RECORD_NODE : RECORD_TRACE);
    return false;
}

/* ... 23 more    ... 12 common frames omitted */
static bool frames_left_out(const struct trace_line *l, struct multiline_state *s)
{
    struct str rest = l->text;
    return in_trace(s) && l->is_indented && take_prefix(&rest, STR("... ")) &&
           digits_length(rest) > 0;
}

/* Spark's, and what people add: an empty line within a trace is not its end if a trace goes on. */
static bool gap(const struct trace_line *l, struct multiline_state *s)
{
    bool was_gap = s->flags & FLAG_GAP;
    if (s->state != RECORD_TRACE)
        return false;
    if (l->text.len)
        return was_gap && str_ends(l->text, STR("stacktrace:"));
    s->flags |= FLAG_GAP;
    return !was_gap;
}

/* The type of an exception behind the line that reports it, or behind a cause that goes over lines. */
static bool header(const struct trace_line *l, struct multiline_state *s)
{
    if (s->state != RECORD_TEXT || l->is_indented || s->lines || !is_error_name(l->text))
        return false;
    struct str name = str_slice(l->text, 0, str_find_byte(l->text, ':'));
    bool is_qualified =
        str_find_byte(name, '.') != SIZE_MAX || str_find_byte(name, '\\') != SIZE_MAX;
    return is_trouble_told(l) && (is_qualified || is_time_told(l)) && becomes(s, RECORD_TRACE);
}

static bool is_traceback(struct str text)
{
    static const struct str starts[] = {STR_INIT("| "), STR_INIT("+ "),
                                        STR_INIT("Exception Group "), STR_INIT("Exception Group ")};
    for (size_t i = 0; i < countof(starts); i++)
        take_prefix(&text, starts[i]);
    return str_starts(text, STR("Traceback (most recent call last):"));
}

static bool traceback(const struct trace_line *l, struct multiline_state *s)
{
    bool is_chained = s->state == RECORD_PYTHON || s->state == RECORD_PYTHON_GAP;
    if (!is_traceback(l->text) || (!is_chained && (s->state != RECORD_TEXT || s->lines)))
        return false;
    return (is_chained || is_trouble_told(l)) && becomes(s, RECORD_PYTHON);
}

static bool python(const struct trace_line *l, struct multiline_state *s)
{
    static const struct str chains[] = {STR_INIT("During handling of the above exception"),
                                        STR_INIT("The above exception was the direct cause")};
    if (s->state == RECORD_PYTHON && l->is_indented && l->text.len)
        return true;
    if (s->state == RECORD_PYTHON && l->text.len) {
        size_t n = name_length(l->text, ".");
        struct str behind = str_slice(l->text, n, l->text.len);
        bool is_error =
            n && !is_digit(l->text.ptr[0]) && (!behind.len || str_starts(behind, STR(": ")));
        return is_error && becomes(s, RECORD_PYTHON_ERROR);
    }
    if (s->state == RECORD_PYTHON_ERROR && !l->text.len)
        return becomes(s, RECORD_PYTHON_GAP);
    for (size_t i = 0; i < countof(chains) && s->state == RECORD_PYTHON_GAP; i++)
        if (str_starts(l->text, chains[i]))
            return becomes(s, RECORD_PYTHON_ERROR);
    return false;
}

static bool is_goroutine(struct str text)
{
    return take_prefix(&text, STR("goroutine ")) && digits_length(text) > 0 &&
           str_find(text, STR(" [")) != SIZE_MAX;
}

/* main.(*Server).run(0xc000012345, ...)    created by main.main in goroutine 1 */
static bool is_go_frame(const struct trace_line *l)
{
    size_t open = str_find_byte(l->text, '(');
    return str_starts(l->text, STR("created by ")) ||
           (open != SIZE_MAX && open > 0 && last_byte(l->text) == ')' &&
            str_find_byte(str_slice(l->text, 0, open), ' ') == SIZE_MAX);
}

static bool go(const struct trace_line *l, struct multiline_state *s)
{
    static const struct str starts[] = {
        STR_INIT("exit status "),     STR_INIT("[signal "),
        STR_INIT("runtime stack:"),   STR_INIT("PC="),
        STR_INIT("fatal "),           STR_INIT("panic: "),
        STR_INIT("runtime: "),        STR_INIT("goroutine running on"),
        STR_INIT("[originating from")};
    static const struct str registers[] = {STR_INIT("r"), STR_INIT("eflags"), STR_INIT("cs "),
                                           STR_INIT("fs "), STR_INIT("gs ")};
    if (is_goroutine(l->text))
        return (s->state == RECORD_GO || (s->state == RECORD_TEXT && is_trouble_told(l))) &&
               becomes(s, RECORD_GO);
    if (s->state != RECORD_GO)
        return false;
    bool is_place =
        l->is_indented && (l->line.ptr[0] == '\t' || str_find(l->text, STR(".go:")) != SIZE_MAX ||
                           str_find(l->text, STR(".s:")) != SIZE_MAX);
    if (!l->text.len || is_place || is_go_frame(l))
        return true;
    for (size_t i = 0; i < countof(starts); i++)
        if (str_starts(l->text, starts[i]))
            return true;
    for (size_t i = 0; i < countof(registers); i++)
        if (str_starts(l->text, registers[i]) && str_find(l->text, STR(" 0x")) != SIZE_MAX &&
            l->text.len < 32)
            return true;
    return false;
}

static bool is_caret(struct str text)
{
    return text.len && name_length(text, "^~ ") == text.len && text.ptr[0] == '^';
}

static bool node(const struct trace_line *l, struct multiline_state *s)
{
    switch (s->state) {
    case RECORD_NODE_SOURCE:
        return becomes(s, RECORD_NODE_CARET);
    case RECORD_NODE_CARET:
        return is_caret(l->text) && becomes(s, RECORD_NODE);
    case RECORD_NODE:
        return !l->text.len || is_error_name(l->text) || str_starts(l->text, STR("Error: ")) ||
               str_starts(l->text, STR("Uncaught")) || str_starts(l->text, STR("Thrown at:")) ||
               str_starts(l->text, STR("Node.js v")) ||
               str_starts(l->text, STR("(Use `node --trace"));
    default:
        return false;
    }
}

/* What Node prints of an error's own members: indented, up to a brace at the front. */
static bool node_members(const struct trace_line *l, struct multiline_state *s)
{
    if (!in_trace(s) || !(s->flags & FLAG_BRACE) || !l->text.len)
        return false;
    if (!l->is_indented && l->text.ptr[0] != '}')
        return false;
    s->lines++;
    if (!l->is_indented)
        s->flags &= (uint8_t)~FLAG_BRACE;
    return true;
}

/* from app.rb:12:in `pay'    app/pay.rb:12:in 'pay' */
static bool ruby(const struct trace_line *l, struct multiline_state *s)
{
    struct str rest = l->text;
    bool is_from = take_prefix(&rest, STR("from "));
    size_t in = str_find(rest, STR(":in "));
    bool is_frame = in != SIZE_MAX && in >= 3 && is_digit(rest.ptr[in - 1]) &&
                    str_find_byte(str_slice(rest, 0, in), ' ') == SIZE_MAX;
    bool may_be = (l->is_indented && is_from) || in_trace(s) ||
                  (is_frame && s->state == RECORD_TEXT && is_trouble_told(l));
    return is_frame && may_be && s->state != RECORD_JSON && becomes(s, RECORD_TRACE);
}

static bool php(const struct trace_line *l, struct multiline_state *s)
{
    static const struct str heads[] = {STR_INIT("Stack trace:"), STR_INIT("[stacktrace]"),
                                       STR_INIT("PHP Stack trace:")};
    for (size_t i = 0; i < countof(heads); i++)
        if (str_starts(l->text, heads[i]) && (s->state == RECORD_TEXT || s->state == RECORD_PHP))
            return becomes(s, RECORD_PHP);
    if (s->state != RECORD_PHP)
        return false;
    struct str rest = l->text;
    bool is_frame = take_prefix(&rest, STR("#")) && digits_length(rest) > 0;
    rest = l->text;
    bool is_numbered = take_prefix(&rest, STR("PHP  ")) && digits_length(without_front(rest)) > 0;
    return is_frame || is_numbered || (l->is_indented && str_starts(l->text, STR("thrown in "))) ||
           str_starts(l->text, STR("Next ")) || str_starts(l->text, STR("\"}")) || !l->text.len;
}

static bool dotnet(const struct trace_line *l, struct multiline_state *s)
{
    return s->state == RECORD_DOTNET_LOG && l->is_indented && l->line.len > 6 &&
           str_starts(l->line, STR("      "));
}

static bool rust(const struct trace_line *l, struct multiline_state *s)
{
    if (s->state == RECORD_RUST_MESSAGE)
        return becomes(s, RECORD_RUST);
    if (s->state != RECORD_RUST)
        return false;
    size_t n = digits_length(l->text);
    return str_starts(l->text, STR("stack backtrace:")) || str_starts(l->text, STR("note: ")) ||
           (l->is_indented && n && n < l->text.len && l->text.ptr[n] == ':') ||
           (l->is_indented && str_starts(l->text, STR("at ")));
}

/* PostgreSQL and syslog go on with a tab behind a line with a time. */
static bool tab(const struct trace_line *l, struct multiline_state *s)
{
    return s->state == RECORD_TEXT && l->line.len && l->line.ptr[0] == '\t' && is_time_told(l);
}

/* An object printed behind text: "got {" and then a member. */
static bool json_behind_text(const struct trace_line *l, struct multiline_state *s)
{
    bool is_member = l->is_indented && l->text.len > 3 && l->text.ptr[0] == '"' &&
                     str_find(l->text, STR("\":")) != SIZE_MAX;
    if (s->state != RECORD_TEXT || !(s->flags & FLAG_BRACE) || !is_member)
        return false;
    s->depth = 1;
    return goes_on_in_json(l, s);
}

static bool json(const struct trace_line *l, struct multiline_state *s)
{
    return s->state == RECORD_JSON && goes_on_in_json(l, s);
}

static const struct {
    uint32_t kinds; /* LANG, or-ed: of which rules it is a part besides AUTO */
    rule_function *goes_on;
} rules[] = {
    {ANY, json},
    {LANG(JAVA) | LANG(NODE) | LANG(DOTNET), frame_at},
    {LANG(JAVA) | LANG(NODE) | LANG(DOTNET), cause},
    {LANG(JAVA), frames_left_out},
    {LANG(JAVA), gap},
    {LANG(JAVA) | LANG(NODE) | LANG(DOTNET) | LANG(RUBY) | LANG(PHP), header},
    {LANG(PYTHON), traceback},
    {LANG(PYTHON), python},
    {LANG(GO), go},
    {LANG(NODE), node},
    {LANG(NODE), node_members},
    {LANG(RUBY), ruby},
    {LANG(PHP), php},
    {LANG(DOTNET), dotnet},
    {LANG(RUST), rust},
    {ANY, tab},
    {ANY, json_behind_text},
};

bool trace_goes_on(uint32_t kinds, const struct trace_line *l, struct multiline_state *s)
{
    for (size_t i = 0; i < countof(rules); i++) {
        struct multiline_state next = *s;
        if (!(rules[i].kinds & kinds) || !rules[i].goes_on(l, &next))
            continue;
        if (l->text.len)
            next.flags &= (uint8_t)~FLAG_GAP;
        if (in_trace(&next) && last_byte(l->text) == '{')
            next.flags |= FLAG_BRACE;
        *s = next;
        return true;
    }
    return false;
}

/* ---- what begins ---- */

/* /srv/app.js:10 */
static bool is_place_in_script(struct str text)
{
    static const struct str ends[] = {STR_INIT(".js"),  STR_INIT(".ts"),  STR_INIT(".mjs"),
                                      STR_INIT(".cjs"), STR_INIT(".jsx"), STR_INIT(".tsx")};
    size_t n = text.len;
    while (n && is_digit(text.ptr[n - 1]))
        n--;
    if (n == text.len || n < 5 || text.ptr[n - 1] != ':' || str_find_byte(text, ' ') != SIZE_MAX)
        return false;
    for (size_t i = 0; i < countof(ends); i++)
        if (str_ends(str_of(text.ptr, n - 1), ends[i]))
            return true;
    return false;
}

/* warn: Shop.Api.Orders[0] */
static bool is_dotnet_log(struct str text)
{
    static const struct str levels[] = {STR_INIT("trce: "), STR_INIT("dbug: "), STR_INIT("info: "),
                                        STR_INIT("warn: "), STR_INIT("fail: "), STR_INIT("crit: ")};
    for (size_t i = 0; i < countof(levels); i++)
        if (str_starts(text, levels[i]))
            return last_byte(text) == ']' &&
                   str_find_byte(str_slice(text, 6, text.len), ' ') == SIZE_MAX;
    return false;
}

enum trace_record record_that_begins(const struct trace_line *l, uint32_t *depth)
{
    struct str text = l->text;
    if (begins_json(l, depth))
        return RECORD_JSON;
    *depth = 0;
    char c = text.len ? text.ptr[0] : 0;
    if (c == '{' && (l->is_long || last_byte(text) == '}'))
        return RECORD_WHOLE;
    if (is_digit(c) || strchr("-<[(#", c))
        return RECORD_TEXT;
    if (is_traceback(text))
        return RECORD_PYTHON;
    if (str_starts(text, STR("panic: ")) || str_starts(text, STR("fatal error: ")) ||
        is_goroutine(text) || str_starts(text, STR("SIGQUIT: ")))
        return RECORD_GO;
    if (is_place_in_script(text))
        return RECORD_NODE_SOURCE;
    if (str_starts(text, STR("thread '")) && str_find(text, STR("' panicked at ")) != SIZE_MAX)
        return last_byte(text) == ':' ? RECORD_RUST_MESSAGE : RECORD_RUST;
    if (is_dotnet_log(text))
        return RECORD_DOTNET_LOG;
    bool is_exception = is_error_name(text) || str_starts(text, STR("Exception in thread ")) ||
                        str_starts(text, STR("Unhandled exception. "));
    return is_exception ? RECORD_TRACE : RECORD_TEXT;
}

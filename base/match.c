#include "base/match.h"

#include "base/mem.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
    MATCH_STEPS = 1000000,    /* about 50 ms of interpreted backtracking */
    MATCH_DEPTH = 100000,     /* bounds nothing by itself; memory does */
    MATCH_HEAP_KIB = 16384,   /* backtracking of the interpreter */
    JIT_STACK_MIN = 32 << 10, /* bytes */
    JIT_STACK_MAX = 1 << 20,  /* bytes; beyond it the interpreter takes over */
    WORKSPACE_MIN = 1 << 10,  /* ints, for the longest match */
    WORKSPACE_MAX = 1 << 18,
};

struct regex {
    pcre2_code *code;
    pcre2_match_context *limits;
    pcre2_match_data *data;
    pcre2_jit_stack *stack; /* NULL: not compiled to machine code */
    int *workspace;         /* made when a longest match is asked for first */
    size_t workspace_len;
};

static uint32_t compile_options(unsigned flags)
{
    uint32_t options = PCRE2_NEVER_BACKSLASH_C;
    options |= flags & REGEX_IGNORE_CASE ? PCRE2_CASELESS : 0;
    options |= flags & REGEX_MULTILINE ? PCRE2_MULTILINE : 0;
    options |= flags & REGEX_UTF ? PCRE2_UTF : PCRE2_NEVER_UTF;
    options |= flags & REGEX_UNICODE_CLASSES ? PCRE2_UCP : 0;
    return options;
}

static pcre2_compile_context *compile_context(void)
{
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    assert(context);
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_set_max_pattern_length(context, REGEX_PATTERN_MAX);
#ifdef PCRE2_EXTRA_CASELESS_RESTRICT
    pcre2_set_compile_extra_options(context, PCRE2_EXTRA_CASELESS_RESTRICT);
#endif
    return context;
}

static bool compile_code(pcre2_code **out, struct str pattern, unsigned flags, struct err *err)
{
    int code;
    size_t offset = 0;
    pcre2_compile_context *context = compile_context();
    *out = pcre2_compile((PCRE2_SPTR)(pattern.len ? pattern.ptr : ""), pattern.len,
                         compile_options(flags), &code, &offset, context);
    pcre2_compile_context_free(context);
    if (*out)
        return true;
    PCRE2_UCHAR text[128];
    pcre2_get_error_message(code, text, sizeof text);
    enum { SHOWN = 80 };
    return err_set(err, ERR_INPUT, "pattern '%.*s%s': %s (at byte %zu)",
                   (int)min_of(pattern.len, (size_t)SHOWN), pattern.ptr,
                   pattern.len > SHOWN ? "..." : "", (const char *)text, offset + 1);
}

static void set_up_matching(struct regex *regex)
{
    regex->limits = pcre2_match_context_create(NULL);
    regex->data = pcre2_match_data_create(1, NULL);
    assert(regex->limits && regex->data);
    pcre2_set_match_limit(regex->limits, MATCH_STEPS);
    pcre2_set_depth_limit(regex->limits, MATCH_DEPTH);
    pcre2_set_heap_limit(regex->limits, MATCH_HEAP_KIB);
    /* Refused where memory may not be written and executed: the interpreter does it then. */
    if (pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE) != 0)
        return;
    regex->stack = pcre2_jit_stack_create(JIT_STACK_MIN, JIT_STACK_MAX, NULL);
    pcre2_jit_stack_assign(regex->limits, NULL, regex->stack);
}

bool regex_compile(struct regex **out, struct str pattern, unsigned flags, struct err *err)
{
    pcre2_code *code;
    if (!compile_code(&code, pattern, flags, err))
        return false;
    struct regex *regex = mem_new(struct regex);
    regex->code = code;
    set_up_matching(regex);
    *out = regex;
    return true;
}

void regex_close(struct regex **regex)
{
    struct regex *r = move(*regex);
    if (!r)
        return;
    pcre2_match_data_free(r->data);
    pcre2_match_context_free(r->limits);
    pcre2_jit_stack_free(r->stack);
    pcre2_code_free(r->code);
    mem_free(&r->workspace);
    mem_free(&r);
}

static enum match result_of(int code)
{
    if (code >= 0)
        return MATCH_FOUND;
    return code == PCRE2_ERROR_NOMATCH ? MATCH_NONE : MATCH_LIMIT;
}

/* \K in a look-ahead can put the start behind the end. */
static void read_span(const struct regex *regex, struct span *span)
{
    const size_t *ends = pcre2_get_ovector_pointer(regex->data);
    if (span)
        *span = (struct span){min_of(ends[0], ends[1]), ends[1]};
}

enum match regex_find(struct regex *regex, struct str subject, size_t from, struct span *span)
{
    if (from > subject.len)
        return MATCH_NONE;
    PCRE2_SPTR bytes = (PCRE2_SPTR)(subject.ptr ? subject.ptr : "");
    int code = pcre2_match(regex->code, bytes, subject.len, from, PCRE2_NO_UTF_CHECK, regex->data,
                           regex->limits);
    if (code == PCRE2_ERROR_JIT_STACKLIMIT)
        code = pcre2_match(regex->code, bytes, subject.len, from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
                           regex->data, regex->limits);
    if (code >= 0)
        read_span(regex, span);
    return result_of(code);
}

static int match_longest_at(struct regex *regex, struct str subject, size_t at)
{
    for (;;) {
        if (!regex->workspace) {
            regex->workspace_len = max_of(regex->workspace_len, (size_t)WORKSPACE_MIN);
            regex->workspace = mem_array(int, regex->workspace_len);
        }
        int code = pcre2_dfa_match(regex->code, (PCRE2_SPTR)subject.ptr, subject.len, at,
                                   PCRE2_NO_UTF_CHECK | PCRE2_ANCHORED, regex->data, regex->limits,
                                   regex->workspace, regex->workspace_len);
        if (code != PCRE2_ERROR_DFA_WSSIZE || regex->workspace_len >= WORKSPACE_MAX)
            return code;
        mem_free(&regex->workspace);
        regex->workspace_len *= 4;
    }
}

/* Both ways of matching agree on where the leftmost match starts, so the fast one finds the place.
 */
enum match regex_find_longest(struct regex *regex, struct str subject, size_t from,
                              struct span *span)
{
    struct span first;
    enum match found = regex_find(regex, subject, from, &first);
    if (found != MATCH_FOUND || subject.len == 0) {
        if (found == MATCH_FOUND && span)
            *span = first;
        return found;
    }
    if (match_longest_at(regex, subject, first.from) >= 0)
        read_span(regex, &first);
    if (span)
        *span = first;
    return MATCH_FOUND;
}

/*
 * What the finders share: the line they look at, and where they put what they find.
 *
 * A finder is asked at a place where its trigger (scan.h) stands. It looks around, adds what it is sure of, and says from
 * where on its trigger is to be asked again, which is behind `at`.
 *
 *  1. Linear: the bytes before `at` that a finder looks at, and those behind up to what it returns, are bounded by a constant
 *     or were not looked at for an earlier trigger of the same kind. Whoever walks to an end far away returns that end.
 *  2. What is redacted already (is_hidden), empty, or of a rule that is kept is not added: hunt_add sees to it.
 *  3. Findings may overlap; they are settled afterwards, the longer one wins.
 */
#ifndef FORMATS_REDACT_HUNT_H
#define FORMATS_REDACT_HUNT_H

#include "base/ascii.h"
#include "formats/redact/redact.h"

struct redact_paths;

struct hunt {
    const struct redactor *redactor;
    struct redaction *found;
    struct str line;
    struct redact_stream *stream; /* NULL: the line stands alone */
    const bool *wanted;           /* by rule: not REDACT_KEEP */
    const struct redact_paths *paths;
    bool has_paths_found;          /* in the JSON of the line */
    bool is_encoded;               /* there is something to decode in the line (encoded.h) */
    bool has_json_looked, is_json; /* pair_name.c: whether the line is JSON, once it was asked */
    size_t listed_to;              /* up to where values of lists were looked at */
    size_t paths_to;               /* up to where that says all there is to say */
};

/* Unless the rule is kept, or the user allows the value. kind is static. */
void hunt_add(struct hunt *h, size_t from, size_t to, enum redact_rule rule, const char *kind);
/* What the user's pattern with this index matches. */
void hunt_add_own(struct hunt *h, size_t from, size_t to, size_t pattern);

/* "[email]", "[REDACTED]", "***", "xxxx", "<hidden>", "null", "undefined", "${VAR}", "%s", "{}": there is nothing to
 * hide in it. */
bool is_hidden(struct str value);
/* "redacted", "masked": what others put in place of values. */
bool is_mark_word(struct str word);
/* Also the marks of rules and own patterns, without brackets. */
bool hunt_has_mark(const struct hunt *h, struct str name);

static inline bool is_quote(char c)
{
    return c == '"' || c == '\'' || c == '`';
}

static inline size_t skip_white(struct str s, size_t i)
{
    while (is_white(byte_at(s, i)))
        i++;
    return i;
}

/*
 * Whether a word that tells what a number is stands near [from, to): within 40 bytes before it, or 20 behind, as a whole
 * word of letters, or a part of a name like "customerSsn" or "tax_id". words are lower case, separated by '|'; "_" in a word stands for
 * any of blank, '_', '-' or nothing.
 */
bool has_word_near(struct str line, size_t from, size_t to, const char *words);

typedef size_t finder(struct hunt *h, size_t at);

finder find_at_sign; /* url_password.c: at '@' or '%': data sources, and what find_mail finds */
finder find_mail;    /* mail.c: at '@', or "%40" */
finder find_plus;    /* encoded.c: at the '+' of "078+05+1120" */
finder find_escape;  /* encoded.c: at the backslash of "\u003d" */
finder find_pair;    /* pairs.c: at ':' or '=': names and their values, passwords of URLs */
/* url_password.c: at the ':' of "://", for find_pair; 0: it is of none. */
finder find_url_password;
finder find_opening; /* clauses.c: at '<' or an apostrophe: elements of XML, passwords of SQL */
finder find_element; /* elements.c: at '<', for find_opening */
finder find_option;  /* options.c: at the dash of "--password x" */
finder find_number;  /* numbers.c: at digits */
finder
    find_lettered;  /* lettered.c: at two capitals and two digits: IBAN, NINO, fiscal codes, PAN */
finder find_token;  /* tokens.c: at the first of 16 and more letters, digits, '_', '-' */
finder find_pem;    /* pem.c: at "-----" */
finder find_dotted; /* network.c: at a dot between digits, or hex digits: IPv4, MAC */
finder find_colon_hex; /* network.c: at a colon beside hex digits: IPv6, MAC */
finder find_dialed;    /* numbers.c: at '+' or '(' before a digit */

#endif

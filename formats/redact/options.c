/*
 * Passwords on command lines, where a blank stands between an option and its value. Those with '=' are pairs (pairs.c).
 *
 *     --password x    -password 'x y'    ["--api-key","x"]    by the name
 *     curl -u bob:x   mysql -px          sshpass -p x         by the letter, behind the name of a program that is known
 *
 * The trigger is a dash that begins a word, in front of a letter or a dash.
 */
#include "base/mem.h"
#include "formats/redact/pairs.h"

enum { OPTION_MAX = 64, COMMAND_BEFORE = 160 };

static size_t skip_slashes(struct str line, size_t at)
{
    while (byte_at(line, at) == '\\')
        at++;
    return at;
}

/* Where the value of the option that ends at `end` begins, blanks or "," between quotes away. 0: there is none. */
static size_t value_behind(struct str line, size_t end, struct pair_place *place)
{
    struct str near = str_slice(line, 0, end + OPTION_MAX);
    size_t quote = skip_slashes(near, end), at = end;
    if (is_quote(byte_at(near, quote))) {
        place->quote = near.ptr[quote];
        place->level = quote - end;
        at = skip_blanks(near, quote + 1);
        if (byte_at(near, at) != ',')
            return 0;
        at = skip_blanks(near, at + 1);
        return is_quote(byte_at(near, skip_slashes(near, at))) ? at : 0;
    }
    at = skip_blanks(near, at);
    char first = byte_at(near, at);
    return at > end && first && first != '-' ? at : 0;
}

static void open_pair(struct hunt *h, size_t from, size_t end, struct pair *pair)
{
    *pair = (struct pair){.place = {.line = h->line, .is_json = is_of_json(h)},
                          .name_from = from,
                          .name_to = end,
                          .sign = ':',
                          .has_blank = true};
    pair->value_at = value_behind(h->line, end, &pair->place);
}

/* ---- by the name ---- */

/* "--password PASSWORD", of a text of help. */
static bool is_placeholder(struct str line, size_t at)
{
    size_t end = at;
    while (end - at < OPTION_MAX && (is_upper(byte_at(line, end)) || byte_at(line, end) == '_'))
        end++;
    return !is_name_byte(byte_at(line, end)) && key_name_of(str_slice(line, at, end - at));
}

static size_t find_long(struct hunt *h, size_t from, size_t end)
{
    struct pair pair;
    const struct key_name *name = key_name_of(str_slice(h->line, from, end - from));
    if (!name || !h->wanted[name->rule])
        return end;
    open_pair(h, from, end, &pair);
    if (!pair.value_at || is_placeholder(h->line, pair.value_at))
        return end;
    return find_named(h, &pair, name);
}

/* ---- by the letter ---- */

static const struct letter {
    char letter;
    bool is_apart; /* else its value stands directly behind it, without a blank */
    bool has_user; /* bob:x */
    struct str command;
} letters[] = {
    {'u', true, true, STR_INIT("curl")},        {'u', false, true, STR_INIT("curl")},
    {'U', true, true, STR_INIT("curl")},        {'p', false, false, STR_INIT("mysql")},
    {'p', false, false, STR_INIT("mariadb")},   {'p', true, false, STR_INIT("sshpass")},
    {'p', false, false, STR_INIT("sshpass")},   {'p', true, false, STR_INIT("login")},
    {'p', true, false, STR_INIT("mongo")},      {'p', true, false, STR_INIT("cqlsh")},
    {'p', true, false, STR_INIT("rabbitmq")},   {'a', true, false, STR_INIT("redis-cli")},
    {'w', true, false, STR_INIT("ldapsearch")}, {'w', true, false, STR_INIT("ldapmodify")},
    {'w', true, false, STR_INIT("ldapadd")},    {'P', true, false, STR_INIT("sqlcmd")},
    {'P', true, false, STR_INIT("mosquitto_")}, {'P', true, false, STR_INIT("ipmitool")},
};

/* Whether a word in front of `at` begins with it. */
static bool has_command_before(struct str line, size_t at, struct str command)
{
    size_t least = at > COMMAND_BEFORE ? at - COMMAND_BEFORE : 0;
    for (size_t i = at; i >= least + command.len; i--) {
        size_t from = i - command.len;
        if (line.ptr[from] == command.ptr[0] &&
            str_equal(str_slice(line, from, command.len), command) &&
            (from == 0 || !is_alnum(line.ptr[from - 1])))
            return true;
    }
    return false;
}

/* A port, or two: "8080:80", "127.0.0.1:80:80". */
static bool is_ports(struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (!is_digit(value.ptr[i]) && value.ptr[i] != ':' && value.ptr[i] != '.')
            return false;
    }
    return true;
}

static size_t add_value(struct hunt *h, const struct pair *pair, const struct letter *letter)
{
    struct pair_value v = pair_value_at(&pair->place, pair->value_at);
    if (v.form != VALUE_BARE && v.form != VALUE_QUOTED)
        return pair->value_at;
    struct str value = str_slice(h->line, v.from, v.to - v.from);
    size_t colon = str_find_byte(value, ':');
    if (letter->has_user && (colon == SIZE_MAX || colon == 0))
        return v.end;
    if (letter->has_user)
        v.from += colon + 1;
    else if (is_ports(value))
        return v.end;
    hunt_add(h, v.from, v.to, RULE_SECRETS, "password of a command");
    return v.end;
}

static bool is_letter_of(const struct letter *letter, struct str line, size_t at)
{
    bool is_apart = !is_name_byte(byte_at(line, at + 2));
    return letter->letter == line.ptr[at + 1] && letter->is_apart == is_apart &&
           has_command_before(line, at, letter->command);
}

/* at: of the dash. */
static size_t find_letter(struct hunt *h, size_t at)
{
    struct pair pair;
    for (size_t i = 0; i < countof(letters); i++) {
        if (!is_letter_of(&letters[i], h->line, at))
            continue;
        open_pair(h, at + 1, at + 2, &pair);
        if (!letters[i].is_apart)
            pair.value_at = at + 2;
        return pair.value_at ? add_value(h, &pair, &letters[i]) : at + 1;
    }
    return at + 1;
}

static bool is_user_of_curl(struct str line, size_t at, struct str name)
{
    return (str_equal(name, STR("user")) || str_equal(name, STR("proxy-user"))) &&
           has_command_before(line, at, letters[0].command);
}

static size_t find_user(struct hunt *h, size_t from, size_t end)
{
    struct pair pair;
    open_pair(h, from, end, &pair);
    return pair.value_at ? add_value(h, &pair, &letters[0]) : end;
}

size_t find_option(struct hunt *h, size_t at)
{
    struct str line = h->line;
    size_t from = at + 1 + (byte_at(line, at + 1) == '-'), end = from;
    if (!is_letter(byte_at(line, from)))
        return from;
    while (end - from < OPTION_MAX && is_name_byte(byte_at(line, end)))
        end++;
    struct str name = str_slice(line, from, end - from);
    size_t behind = end;
    if (name_ends_have(&h->paths->ends, line, end) && byte_at(line, end) != '=')
        behind = find_long(h, from, end);
    else if (h->wanted[RULE_SECRETS] && from == at + 1)
        behind = find_letter(h, at);
    else if (h->wanted[RULE_SECRETS] && is_user_of_curl(line, at, name))
        behind = find_user(h, from, end);
    return max_of(behind, at + 1);
}

#include "tests/unit/case_text.h"

#include "base/ascii.h"
#include "tests/test.h"

void case_open(struct case_file *f, const char *path)
{
    *f = (struct case_file){.path = path, .file = fopen(path, "r")};
    REQUIRE(f->file);
}

bool case_next(struct case_file *f, struct str *line)
{
    if (!fgets(f->text, sizeof f->text, f->file)) {
        fclose(f->file);
        return false;
    }
    f->line++;
    *line = str_from(f->text);
    line->len -= str_ends(*line, STR("\n"));
    return true;
}

static char meaning_of(char c)
{
    switch (c) {
    case 'e':
        return '\x1b';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'n':
        return '\n';
    default:
        return c;
    }
}

void case_unescape(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] != '\\' || i + 1 == s.len) {
            buf_add_byte(out, s.ptr[i]);
            continue;
        }
        char c = s.ptr[++i];
        if (c == 'x' && i + 2 < s.len) {
            buf_add_byte(out, (char)(hex_value(s.ptr[i + 1]) * 16 + hex_value(s.ptr[i + 2])));
            i += 2;
        } else {
            buf_add_byte(out, meaning_of(c));
        }
    }
}

"""Values that are marked while a line is made, so that no escaping or quoting on the way loses sight of them.

A mark is a pair of characters for private use around the value, the first of which says what it is. When the line is
done the marks go, and what is left are the bytes of the line and where in them each value is.
"""
import collections, itertools, re

#       rule, what form of it; [start, end) must be hidden, and no more than [outer_start, outer_end) may be
Label = collections.namedtuple("Label", "rule form start end outer_start outer_end")

OPEN, CLOSE, OUTER_OPEN, OUTER_CLOSE = "\ue000", "\ue001", "\ue002", "\ue003"
FIRST_KIND = 0x100000
MARK = re.compile(f"{OPEN}(.)|[{CLOSE}{OUTER_OPEN}{OUTER_CLOSE}]", re.S)

kinds = {}  # (rule, form): character


def mark(rule, form, value):
    kind = kinds.setdefault((rule, form), chr(FIRST_KIND + len(kinds)))
    return f"{OPEN}{kind}{value}{CLOSE}"


def around(text):
    """A finding around a value in text may reach up to its ends."""
    return f"{OUTER_OPEN}{text}{OUTER_CLOSE}"


def may_go(text):
    """There is nothing to hide in text, and no harm in hiding it."""
    return mark(None, "", text)


def mark_free(text):
    return MARK.sub("", text)


def keep_marks(escape):
    """An escaping that leaves marks alone."""
    def escaped(text):
        ends = [0] + list(itertools.chain(*(m.span() for m in MARK.finditer(text)))) + [len(text)]
        parts = [text[a:b] for a, b in itertools.pairwise(ends)]
        return "".join(part if i % 2 else escape(part) for i, part in enumerate(parts))
    return escaped


def settle(text):
    """The line's bytes and its labels."""
    names = {kind: of for of, kind in kinds.items()}
    line, at, labels, outer = bytearray(), 0, [], None
    opened, waiting = None, []
    for found in MARK.finditer(text):
        line += text[at:found.start()].encode()
        at, here = found.end(), len(line)
        sign = found[0][0]
        if sign == OUTER_OPEN:
            outer = here
        elif sign == OPEN:
            opened = (*names[found[1]], here)
        elif sign == CLOSE:
            label = Label(*opened, here, opened[2] if outer is None else outer, here)
            (labels if outer is None else waiting).append(label)
        else:
            labels += [label._replace(outer_end=here) for label in waiting]
            outer, waiting = None, []
    line += text[at:].encode()
    return bytes(line), labels

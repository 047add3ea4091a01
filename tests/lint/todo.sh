# A TODO says why, in at least three words: "TODO: what and until when".
project-files '\.(c|h|py|sh|yml)$|/[a-z]+$|^Makefile$' | grep -v '^tests/lint/' |
    xargs grep -nIE '\b(TODO|FIXME|XXX|HACK)\b' | grep -vE 'TODO: [^ ]+ [^ ]+ [^ ]+'

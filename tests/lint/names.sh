# Public functions have one name each in the whole tree: one test binary links them all.
project-files '^(base|formats|redaction|forward|shipper|collector|query)/.*\.h$' | code | grep -vE ':(static|typedef|#| )' |
    sed -nE 's/^([^:]*:[0-9]*):[a-zA-Z_].*[ *]([a-z0-9_]+)\(.*/\2 \1/p' | grep -v '^__attribute__ ' | sort |
    awk '$1 == name { print $2 ": " $1 " is declared in " where " too" } { name = $1; where = $2 }'

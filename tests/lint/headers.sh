# Every header compiles alone, and is at most 150 lines.
project-files '\.h$' | while read -r header; do
    lines=$(wc -l <"$header")
    [ "$lines" -le 150 ] || echo "$header: $lines lines; a header has at most 150"
done
# shellcheck disable=SC2016 # expanded by the inner shell
project-files '\.h$' | xargs -P "$(nproc)" -I {} sh -c \
    'echo "#include \"{}\"" | eval "${CC:-gcc} ${FLAGS:--std=gnu11 -D_GNU_SOURCE -I. -Wall -Wextra} -fsyntax-only -x c -"' 2>&1

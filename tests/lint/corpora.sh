# Every fuzz target has seeds, and every folder of seeds has its target.
for target in tests/fuzz/fuzz_*.c; do
    [ -e "$target" ] || continue
    name=$(basename "$target" .c)
    [ -n "$(ls "tests/fuzz/corpus/${name#fuzz_}" 2>/dev/null)" ] ||
        echo "$target: no seeds in tests/fuzz/corpus/${name#fuzz_}"
done
for seeds in tests/fuzz/corpus/*; do
    [ ! -d "$seeds" ] || [ -e "tests/fuzz/fuzz_$(basename "$seeds").c" ] || echo "$seeds: no such target"
done

# C looks as clang-format says (`make format`). Its versions differ in detail: the rule is version 14.
case $(clang-format --version 2>/dev/null) in
*" version 14."*) ;;
*) echo "note: needs clang-format 14" && exit 77 ;;
esac
project-files '\.[ch]$' | xargs clang-format --dry-run -Werror 2>&1 | grep -E 'error:' | cut -d: -f1 | uniq -c |
    sed -E 's/^ *([0-9]+) (.*)/\2: \1 places differ; make format/'

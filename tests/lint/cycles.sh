# The graph of headers has no loop; tsort names one if there is.
project-files '\.h$' | xargs grep -HE '^ *# *include *"' |
    sed -E 's/^([^:]*):.*"([^"]*)".*/\1 \2/' | tsort 2>&1 >/dev/null | sed 's/^tsort: //; s/^-: /headers: /'

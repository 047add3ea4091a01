# Who may include whom (docs/design.md, "Folders"). A row: folder | folders it may include, itself aside.
rows='
base|
base/io|base
formats/block|base
formats/line|base formats/block
formats/push|base formats/block formats/line
formats/redact|base formats/block formats/line
query/engine|base formats/block formats/line formats/push
collector/store|base formats/block formats/line formats/push query/engine
redaction|base base/io formats/block formats/line formats/redact
forward|base base/io formats/block formats/line formats/push query/engine
shipper|base base/io formats/block formats/line formats/push formats/redact redaction query/engine forward
query|base base/io formats/block formats/line formats/push formats/redact redaction query/engine collector/store
collector|base base/io formats/block formats/line formats/push formats/redact redaction query/engine collector/store forward
main.c|base base/io shipper query collector block_dump.h check.h parse.h up.h
block_dump.c|base formats/block block_dump.h
block_dump.h|
check.c|base base/io forward shipper collector collector/store check.h check_connect.h
check.h|
check_connect.c|base forward check_connect.h
check_connect.h|base
parse.c|base formats/line query shipper parse.h
parse.h|
up.c|base base/io shipper collector collector/store up.h
up.h|
'
project-files '^(base|formats|redaction|forward|shipper|collector|query)/.*\.[ch]$|^[a-z]+\.[ch]$' |
    xargs grep -nE '^ *# *include *"' |
    awk -F: -v rows="$rows" '
        BEGIN {
            n = split(rows, row, "\n")
            for (i = 1; i <= n; i++) {
                split(row[i], part, "|")
                may[part[1]] = " " part[1] " " part[2] " "
            }
        }
        {
            folder = $1; sub("/[^/]*$", "", folder)
            split($3, quoted, "\""); target = quoted[2]
            is_at_root = !sub("/[^/]*$", "", target)
            if (is_at_root && !(target in may))
                print $1 ":" $2 ": \"" quoted[2] "\" is not named from the root"
            else if (!(folder in may))
                print $1 ":" $2 ": folder " folder " has no row in tests/lint/layers.sh"
            else if (index(may[folder], " " target " ") == 0)
                print $1 ":" $2 ": " folder " may not include " quoted[2]
        }'

# Notes on what may be two things: files over 600 lines, functions over 60.
project-files '\.c$' | xargs awk '
    FNR == 1 && file != "" && last > 600 { print "note: " file ": " last " lines" }
    { file = FILENAME; last = FNR }
    /^{/ { start = FNR }
    /^}/ && start { if (FNR - start > 61) print "note: " FILENAME ":" start ": function of " FNR - start - 1 " lines"; start = 0 }
    END { if (last > 600) print "note: " file ": " last " lines" }'

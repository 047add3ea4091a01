# Links in Markdown that name a file of the project name one that exists.
project-files '\.md$' | while read -r page; do
    grep -noE '\]\([^)#]+' "$page" | grep -vE '\]\((https?|mailto):' | while IFS=: read -r line link; do
        target=${link#"]("}
        [ -e "$(dirname "$page")/$target" ] || echo "$page:$line: no file $target"
    done
done

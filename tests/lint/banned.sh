# Calls that cannot know how much room there is, or that hide errors.
project-files '\.[ch]$' | code |
    grep -E '[^A-Za-z0-9_](strcpy|strcat|strncpy|sprintf|strtok|atoi|gets) *\(' | sed 's/$/   <- banned/'

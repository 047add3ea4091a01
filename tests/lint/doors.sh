# Each library, and the disk, has one door (docs/design.md, "Folders").
code=$(project-files '^(base|formats|redaction|forward|shipper|collector|query)/.*\.[ch]$|^[a-z]+\.[ch]$' | code)

# only DOOR WHAT: findings of the pattern WHAT in files that do not match DOOR.
only() {
    echo "$code" | grep -E "^[^:]*:[0-9]*:.*($2)" | grep -vE "^($1)[^:]*:" | sed 's/$/   <- not its door/'
}
include() { echo "# *include *[<\"]($1)"; }

only 'base/compress'       "$(include 'zlib|libdeflate|zstd|snappy')"
only 'base/match'          "$(include 'pcre2')"
only 'base/yaml'           "$(include 'yaml')"
only 'base/hash'           "$(include 'xxh')"
only 'base/io/|forward/|shipper/[^/]*\.|collector/[^/]*\.|query/[^/]*\.' "$(include 'uv')"
only 'base/io/http_client' "$(include 'curl')"
only 'base/io/http_client|base/compress' '[^a-z_]dlopen *\('
only 'formats/push/'       "$(include 'protobuf-c|[a-z_/]*\.pb-c')"
only 'base/io/'            "$(include 'openssl|http_parser|llhttp|wslay')"

# The disk: its system calls by name. The shipper reads sources that are not ours and may be anything;
# it does so through base/file as well.
calls='open|openat|creat|fopen|pread|preadv|pwrite|pwritev|rename|renameat|link|unlink|unlinkat|remove'
calls="$calls|fsync|fdatasync|truncate|ftruncate|fallocate|mkdir|rmdir|opendir|mmap"
only 'base/file|base/io/'  "(^|[^A-Za-z0-9_.>*])($calls) *\("

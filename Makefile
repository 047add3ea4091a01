# Sluice. `make help` lists the targets; `make check` is the gate for every commit.
#
#   MODE=release|debug|asan|tsan|cov|fuzz|analyze   flags and build folder (build/MODE)
#   CC=gcc|clang             compiler; one that is not the mode's own gets build/MODE-CC
#   CROSS=aarch64-linux-gnu  cross build (build/CROSS-MODE); `make cross-deps` first
#   T=name                   only the tests or fuzz targets whose name contains it
#   V=1                      show the commands
#   WERROR=1                 warnings are errors, as in .ci/run; a compiler that is newer than ours may have more of them

MODE   ?= release
V      ?= 0
PREFIX ?= /usr
Q      := $(if $(filter 1,$(V)),,@)
QUIET  := $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS))))
say     = $(if $(filter 1,$(V))$(QUIET),@:,@printf '  %-6s %s\n' $(1) $(2))

VERSION := 0.1.0

# The compiler of a mode, and a folder for each mode and compiler, so that objects never mix.
OWN_CC := $(if $(filter asan tsan fuzz,$(MODE)),clang,gcc)
PKG    := pkg-config
ifneq ($(CROSS),)
CC  := $(CROSS)-gcc
AR  := $(CROSS)-ar
PKG := PKG_CONFIG_LIBDIR=/usr/lib/$(CROSS)/pkgconfig:/usr/share/pkgconfig pkg-config
OUT := build/$(CROSS)-$(MODE)
else
ifeq ($(origin CC),default)
CC  := $(OWN_CC)
endif
OUT := build/$(MODE)$(if $(filter-out $(OWN_CC),$(CC)),-$(notdir $(firstword $(CC))))
endif

WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
        -Wold-style-definition -Wpointer-arith -Wwrite-strings -Wformat=2 -Wundef -Wvla $(if $(WERROR),-Werror)
BASE_FLAGS := -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -DSLUICE_VERSION='"$(VERSION)"' \
        -fno-strict-aliasing -fstack-protector-strong $(WARN)

FLAGS_release := -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fPIE
FLAGS_debug   := -O0 -g
FLAGS_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FLAGS_tsan    := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
FLAGS_cov     := -O0 -g --coverage
FLAGS_fuzz    := $(FLAGS_asan) -fsanitize=fuzzer-no-link
FLAGS_analyze := -O1 -g -fanalyzer -Wno-error
LINK_release  := -pie -Wl,-z,relro,-z,now
FLAGS_MODE    := $(FLAGS_$(MODE))
ifeq ($(FLAGS_MODE),)
$(error MODE=$(MODE) does not exist: release, debug, asan, tsan, cov, fuzz or analyze)
endif

# llhttp where the distribution has it (Debian 13 and later), else http-parser, which has no
# pkg-config file. Neither's development package can be installed for two architectures at once: a
# cross build takes the native header and names the foreign library (tools/deps lays it out).
ifeq ($(shell pkg-config --exists libllhttp 2>/dev/null && echo yes),yes)
HTTP_FLAGS := -DHAVE_LLHTTP
HTTP_LIBS  := -lllhttp
HTTP_CROSS := $(wildcard /usr/lib/$(CROSS)/libllhttp.so.* build/cross/usr/lib/$(CROSS)/libllhttp.so.*)
else
HTTP_LIBS  := -lhttp_parser
HTTP_CROSS := $(wildcard /usr/lib/$(CROSS)/libhttp_parser.so.*)
endif
ifneq ($(CROSS),)
HTTP_LIBS  := $(firstword $(HTTP_CROSS))
endif

# libcurl and snappy are opened at run time and xxhash compiled in: they are needed for their headers only.
LIBRARIES := libuv libzstd zlib libdeflate libcrypto libssl libpcre2-8 yaml-0.1 libprotobuf-c
MADE    := $(OUT)/made
CFLAGS  ?=
override CFLAGS += $(BASE_FLAGS) -isystem $(MADE) $(FLAGS_MODE) $(HTTP_FLAGS)
LIBS    := $(shell $(PKG) --libs $(LIBRARIES) 2>/dev/null) $(HTTP_LIBS) -ldl -lpthread -lm

# What is not there, by the names of tools/deps; nothing is compiled before it is.
MISSING := $(shell CC='$(CC)' tools/deps missing $(if $(CROSS),cross,build) | head -n 1)

FOLDERS := base base/io formats/line formats/block formats/push formats/redact redaction forward query/engine collector/store \
           shipper collector query
SOURCES := $(foreach f,$(FOLDERS),$(wildcard $(f)/*.c))
HEADERS := $(foreach f,$(FOLDERS),$(wildcard $(f)/*.h)) $(wildcard *.h)
TESTS   := $(wildcard tests/*.c tests/*/*.c)
TEST_HEADERS := $(wildcard tests/*.h tests/*/*.h)

# What protoc-c makes of the descriptions of messages; only warnings tell it from a source.
PROTOS       := $(patsubst %.proto,$(MADE)/%.pb-c.h,$(wildcard formats/push/*.proto))

objects       = $(patsubst %.c,$(OUT)/%.o,$(1))
OBJECTS      := $(call objects,$(SOURCES)) $(PROTOS:.h=.o)
ROOT         := $(call objects,$(wildcard *.c))
HARNESS      := $(call objects,$(wildcard tests/*.c))
UNIT         := $(call objects,$(wildcard tests/unit/*.c))
CRASH        := $(call objects,$(wildcard tests/crash/*.c))
FUZZ_NAMES   := $(foreach n,$(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c)),\
                $(if $(if $(T),$(findstring $(T),$(n)),all),$(n)))
REPLAYS      := $(FUZZ_NAMES:%=$(OUT)/replay_%)
FUZZERS      := $(FUZZ_NAMES:%=$(OUT)/fuzz_%)

all: $(OUT)/sluice ## build the program (build/MODE/sluice)

.PHONY: all missing
.SECONDARY:

missing:
	@echo "$(MISSING) is missing: run 'make $(if $(CROSS),cross-)deps'" >&2; exit 1

$(OUT)/%.o: %.c Makefile $(PROTOS) | $(if $(MISSING),missing)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(MADE)/%.pb-c.h: %.proto | $(if $(MISSING),missing)
	$(call say,PROTO,$<)
	@mkdir -p $(MADE)
	$(Q)protoc-c --c_out=$(MADE) $<

$(MADE)/%.o: $(MADE)/%.h
	$(call say,CC,$(<:.h=.c))
	$(Q)$(CC) $(CFLAGS) -w -c -o $@ $(<:.h=.c)

$(OUT)/libsluice.a: $(OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

link = $(Q)$(CC) $(CFLAGS) $(LINK_$(MODE)) $(LDFLAGS) -o $@ $^ $(LIBS)

$(OUT)/sluice: $(ROOT) $(OUT)/libsluice.a
	$(call say,LINK,$@)
	$(link)

$(OUT)/unit: $(UNIT) $(HARNESS) $(OUT)/libsluice.a
	$(call say,LINK,$@)
	$(link)

$(OUT)/crash: $(CRASH) $(HARNESS) $(OUT)/libsluice.a
	$(call say,LINK,$@)
	$(link)

$(OUT)/replay_%: $(OUT)/tests/fuzz/fuzz_%.o $(OUT)/tests/fuzz/replay.o $(OUT)/libsluice.a
	$(call say,LINK,$@)
	$(link)

$(OUT)/fuzz_%: $(OUT)/tests/fuzz/fuzz_%.o $(OUT)/libsluice.a
	$(call say,LINK,$@)
	$(link) -fsanitize=fuzzer

-include $(patsubst %.o,%.d,$(OBJECTS) $(call objects,$(wildcard *.c) $(TESTS)))

# ---- tests: each target prints TAP; tests/run runs them all and adds up ----

check: deps ## what must hold for every commit: lint, all tests (ASan+UBSan), unit tests with gcc
	+$(Q)tests/run lint unit unit-gcc crash replay redact fuzz flow docker

test: ## as check, without installing and without lint
	+$(Q)tests/run unit unit-gcc crash replay redact fuzz flow docker

unit: $(OUT)/unit ## unit tests (T= those whose name contains it)
	$(Q)$(OUT)/unit $(T)

crash: $(OUT)/crash ## simulated power cuts and disk faults (T=)
	$(Q)$(OUT)/crash $(T)

replay: $(REPLAYS) ## fuzz targets as plain programs over their corpora (T=)
	$(Q)tests/fuzz/run replay $(OUT) $(FUZZ_NAMES)

FOR  ?= 60
SEED ?= 0
fuzz: ## libFuzzer: T= target, FOR= seconds each, SEED= (0: by chance); new inputs and findings in build/fuzz
	+$(Q)$(MAKE) --no-print-directory MODE=fuzz fuzz-here

fuzz-here: $(FUZZERS)
	$(Q)tests/fuzz/run fuzz $(OUT) $(FOR) $(SEED) $(FUZZ_NAMES)

redact: $(OUT)/sluice ## precision and recall of redaction, rule by rule, over generated lines
	$(Q)tests/scripts $(OUT)/sluice tests/redact $(T)

flow: $(OUT)/sluice ## end to end: the program, its processes, real files (T=)
	$(Q)tests/scripts $(OUT)/sluice tests/flow $(T)

docker: $(OUT)/sluice ## the image and compose.yml in a real Docker engine; skipped where none can be (T=)
	$(Q)TIME_LIMIT=$${TIME_LIMIT:-900} SCRIPT_JOBS=1 tests/scripts $(OUT)/sluice tests/docker $(T)

# Random cases are others each time; what fails is found again by its SEED.
soak: $(OUT)/unit ## the long variants of the end-to-end tests (T=), and of those against grep (CASES= SEED=)
	$(Q)export CASES=$${CASES:-3000} SEED=$${SEED:-$$(date +%s)}; echo "# CASES=$$CASES SEED=$$SEED"; \
	    $(OUT)/unit is_grep && $(OUT)/unit is_that_of_lines
	+$(Q)SOAK=1 $(MAKE) --no-print-directory flow docker

$(OUT)/bench: $(call objects,tests/bench/bench.c) $(OUT)/libsluice.a
	$(call say,LINK,$@)
	$(link)

$(OUT)/bench-columns: $(call objects,tests/bench/columns.c) $(OUT)/libsluice.a
	$(call say,LINK,$@)
	$(link)

$(OUT)/bench-store: $(call objects,tests/bench/store.c) $(OUT)/libsluice.a
	$(call say,LINK,$@)
	$(link)

bench: $(OUT)/sluice $(OUT)/bench $(OUT)/bench-columns $(OUT)/bench-store ## targets of docs/design.md, next to zstd and rg (CORPUS= *.log or containers, BIG=1 SLOW=1)
	$(Q)SLUICE=$(abspath $(OUT)/sluice) BENCH=$(abspath $(OUT)/bench) CORPUS='$(CORPUS)' tests/bench/run

bench-docker: $(OUT)/sluice ## beside containers: first line found, idle and full speed, tail -f (SECONDS=60)
	$(Q)SLUICE=$(abspath $(OUT)/sluice) tests/bench/docker.py

cover: ## line coverage of unit and crash tests, by folder
	@mkdir -p build
	+$(Q)$(MAKE) --no-print-directory MODE=cov unit crash >build/cover.tap || cat build/cover.tap
	$(Q)tools/cover build/cov $(FOLDERS)

.PHONY: check test unit crash replay fuzz fuzz-here redact flow docker soak bench bench-docker cover

# ---- care of the sources ----

lint: ## layers, doors, format, names and other rules (tests/lint)
	$(Q)CC=$(firstword $(shell command -v gcc) cc) FLAGS='$(BASE_FLAGS) $(HTTP_FLAGS)' tests/lint/run $(T)

tidy: ## slower opinions: gcc -fanalyzer, cppcheck, clang-tidy (tools/deps install tidy)
	+$(Q)$(MAKE) --no-print-directory MODE=analyze CC=gcc objects
	$(Q)cppcheck -q --std=c11 --inline-suppr --enable=warning,portability -I. -D_GNU_SOURCE \
	    --suppress=missingIncludeSystem --suppress=shiftTooManyBitsSigned --error-exitcode=1 $(SOURCES)
	$(Q)clang-tidy --quiet $(SOURCES) -- $(BASE_FLAGS) $(HTTP_FLAGS) -isystem build/analyze/made

objects: $(OBJECTS)

format: ## rewrite all C files as .clang-format says
	$(Q)clang-format -i $(SOURCES) $(HEADERS) $(wildcard *.c) $(TESTS) $(TEST_HEADERS)

.PHONY: lint tidy objects format

# ---- machine and packages ----

deps: ## name and install what building and testing need (apt; prints the list elsewhere)
	$(Q)tools/deps install check

cross-deps: ## the same for arm64 (Debian multiarch)
	$(Q)tools/deps install cross

cross: ## the program for arm64
	+$(Q)$(MAKE) --no-print-directory CROSS=aarch64-linux-gnu

UNITS := $(wildcard deploy/systemd/*.service)
install: $(OUT)/sluice ## DESTDIR= PREFIX=; program, systemd units, documents
	install -D -m 755 $(OUT)/sluice $(DESTDIR)$(PREFIX)/bin/sluice
	install -D -m 644 deploy/systemd/sluice.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/sluice.conf
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	$(foreach u,$(UNITS),sed 's|/usr/bin/sluice|$(PREFIX)/bin/sluice|' $(u) \
	    >$(DESTDIR)$(PREFIX)/lib/systemd/system/$(notdir $(u)) &&) :
	install -d $(DESTDIR)$(PREFIX)/share/doc/sluice
	install -m 644 LICENSE README.md CHANGELOG.md $(wildcard docs/*.md) \
	    $(DESTDIR)$(PREFIX)/share/doc/sluice

demo: ## installs, builds, and shows Sluice at work in a temporary folder, in less than a minute
	$(Q)tools/deps install build
	@[ -x $(OUT)/sluice ] || echo "building ..."
	+$(Q)$(MAKE) -s $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc)) all
	$(Q)tools/demo $(OUT)/sluice

clean: ## remove everything that was built
	$(Q)rm -rf build

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

.PHONY: deps cross-deps cross install demo clean help

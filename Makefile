# Sluice. `make help` lists the targets; `make check` is the gate for every commit.
#
#   MODE=release|debug|asan|tsan|cov   flags and build folder (build/MODE), so modes never mix
#   CC=gcc|clang|aarch64-linux-gnu-gcc compiler
#   V=1                                show the commands

MODE   ?= release
V      ?= 0
PREFIX ?= /usr
Q      := $(if $(filter 1,$(V)),,@)
say     = $(if $(filter 1,$(V)),@:,@printf '  %-6s %s\n' $(1) $(2))

OUT := build/$(MODE)
ifneq ($(CROSS),)
OUT := build/$(CROSS)-$(MODE)
CC  := $(CROSS)-gcc
AR  := $(CROSS)-ar
PKG := PKG_CONFIG_LIBDIR=/usr/lib/$(CROSS)/pkgconfig:/usr/share/pkgconfig pkg-config
else
PKG := pkg-config
endif

ifeq ($(origin CC),default)
ifneq ($(filter asan tsan,$(MODE)),)
CC := clang
else
CC := gcc
endif
endif

VERSION := 0.1.0

WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
        -Wold-style-definition -Wpointer-arith -Wwrite-strings -Wformat=2 -Wundef -Wvla -Werror
BASE_FLAGS := -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -DSLUICE_VERSION='"$(VERSION)"' \
        -fno-strict-aliasing -fstack-protector-strong -MMD -MP $(WARN)

FLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2 -fPIE
FLAGS_debug   := -O0 -g
FLAGS_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FLAGS_tsan    := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
FLAGS_cov     := -O0 -g --coverage
LINK_release  := -pie -Wl,-z,relro,-z,now

# llhttp where the distribution has it (Debian 13, Ubuntu 24.10 and later), else http-parser.
LLHTTP := $(shell $(PKG) --exists libllhttp 2>/dev/null && echo yes)
ifeq ($(LLHTTP),yes)
HTTP_FLAGS := -DHAVE_LLHTTP $(shell $(PKG) --cflags libllhttp)
HTTP_LIBS  := $(shell $(PKG) --libs libllhttp)
else
HTTP_LIBS  := -lhttp_parser
endif

LIBRARIES := libuv libzstd zlib libcrypto libssl libpcre2-8 yaml-0.1
CFLAGS  ?=
override CFLAGS += $(BASE_FLAGS) $(FLAGS_$(MODE)) $(HTTP_FLAGS)
LIBS    := $(shell $(PKG) --libs $(LIBRARIES) 2>/dev/null) $(HTTP_LIBS) -ldl -lpthread -lm

FOLDERS := base base/io formats/line formats/block formats/push query/engine collector/store \
           shipper collector query
SOURCES := $(foreach f,$(FOLDERS),$(wildcard $(f)/*.c))
OBJECTS := $(SOURCES:%.c=$(OUT)/%.o)
HEADERS := $(foreach f,$(FOLDERS),$(wildcard $(f)/*.h))

UNIT_OBJECTS  := $(patsubst %.c,$(OUT)/%.o,$(wildcard tests/unit/*.c))
CRASH_OBJECTS := $(patsubst %.c,$(OUT)/%.o,$(wildcard tests/crash/*.c))
FUZZ_NAMES    := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
HARNESS       := $(patsubst %.c,$(OUT)/%.o,$(wildcard tests/*.c))

all: $(OUT)/sluice ## build the program (build/MODE/sluice)
.PHONY: all

$(OUT)/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<

$(OUT)/libsluice.a: $(OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(OUT)/sluice: $(OUT)/main.o $(OUT)/libsluice.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LINK_$(MODE)) -o $@ $^ $(LIBS)

$(OUT)/unit: $(UNIT_OBJECTS) $(HARNESS) $(OUT)/libsluice.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) -o $@ $^ $(LIBS)

$(OUT)/crash: $(CRASH_OBJECTS) $(HARNESS) $(OUT)/libsluice.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) -o $@ $^ $(LIBS)

unit: $(OUT)/unit ## run the unit tests (T= runs those whose name contains it)
	$(Q)$(OUT)/unit $(T)

crash: $(OUT)/crash ## simulated power cuts and disk faults (T= as above)
	$(Q)$(OUT)/crash $(T)

.PHONY: unit crash

-include $(OBJECTS:.o=.d) $(UNIT_OBJECTS:.o=.d) $(CRASH_OBJECTS:.o=.d) $(HARNESS:.o=.d) $(OUT)/main.d

clean: ## remove everything that was built
	$(Q)rm -rf build

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

.PHONY: clean help

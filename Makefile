# make          builds build/orket
# make demo     installs what is missing, builds, runs the example epic
# make test     installs what is missing, builds, runs every test; last line "N passed, N failed"
# make check    floors, lint, globals, tests
# SAN=address,undefined and CC=clang give the same targets with other flags, in their own folder.

VERSION := 0.1.0
ifeq ($(origin CC),default)
CC := gcc
endif
SAN     ?=
VARIANT := $(CC)$(if $(SAN),-san)$(if $(COVER),-cover)$(if $(GCSTRESS),-gc)
B       := build/$(VARIANT)

PKGS     := lua5.4 libuv libcurl
STATIC   := -l:liblua5.4-luv.a -l:liblua5.4.a -l:libuv_a.a -l:libsqlite3.a -l:libsodium.a -l:libedit.a -l:libtinfo.a -l:libbsd.a -l:libmd.a
LLHTTP   := /usr/share/llhttp
INCLUDES := -Icore -I/usr/share/include/llhttp $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
WARN     := -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Wwrite-strings -Wvla -Werror
OPT      := $(if $(SAN),-O1 -g -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer,-O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2)
CFLAGS   := -std=c11 -D_GNU_SOURCE -DORKET_VERSION='"$(VERSION)"' -fno-common -fPIE $(WARN) $(OPT) $(if $(COVER),--coverage -O0) $(if $(GCSTRESS),-DGCSTRESS)
LDFLAGS  := -pie -Wl,-z,relro,-z,now $(if $(SAN),-fsanitize=$(SAN)) $(if $(COVER),--coverage)
LIBS     := $(STATIC) $(shell pkg-config --libs libcurl 2>/dev/null) -lpthread -ldl -lrt -lm

SRCS  := $(filter-out core/main.c,$(wildcard core/*/*.c core/*/*/*.c))
OBJS  := $(SRCS:%.c=$(B)/%.o) $(B)/embed.o $(patsubst %,$(B)/llhttp/%.o,api http llhttp)
EMBED := $(sort $(shell find lua roles nodes tools -type f \( -name '*.lua' -o -name '*.json' \) -not -path 'lua/meta/*' 2>/dev/null) $(wildcard core/io/*.sql))
CTEST := $(patsubst tests/c/%.c,$(B)/tests/%,$(wildcard tests/c/test_*.c))

build/orket: $(B)/orket
	@mkdir -p build && cp -f $< $@.tmp && mv -f $@.tmp $@

$(B)/orket: $(B)/core/main.o $(OBJS)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(INCLUDES) -MMD -MP -c -o $@ $<

$(B)/llhttp/%.o: $(LLHTTP)/%.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -O2 -w -DLLHTTP_STRICT_MODE=1 $(INCLUDES) -c -o $@ $<

# The embedded files, as one assembler source and the table that embed.h declares.
$(B)/embed.s: $(EMBED) Makefile
	@mkdir -p $(@D)
	@{ n=0; echo '.section .rodata'; \
	for f in $(EMBED); do n=$$((n+1)); echo ".Ls$$n: .incbin \"$$f\""; echo ".Le$$n: .byte 0"; echo ".Ln$$n: .asciz \"$$f\""; done; \
	echo '.section .data.rel.ro,"aw"'; echo '.balign 8'; echo '.globl embed_files'; echo 'embed_files:'; \
	i=0; while [ $$i -lt $$n ]; do i=$$((i+1)); echo ".quad .Ln$$i, .Ls$$i, .Le$$i"; done; \
	echo '.section .rodata'; echo '.balign 8'; echo '.globl embed_count'; echo 'embed_count:'; echo ".quad $$n"; \
	echo '.section .note.GNU-stack,"",%progbits'; } > $@

$(B)/embed.o: $(B)/embed.s
	$(CC) -c -o $@ $<

# Unit tests: one program per C file, small growth steps, linked with everything but main.
$(B)/tests/%: tests/c/%.c $(OBJS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(INCLUDES) -Itests/c -MMD -MP $(LDFLAGS) -o $@ $< $(OBJS) -lcmocka $(LIBS)

# Programs that measure: bench/NAME.c, linked the same way.
$(B)/bench/%: bench/%.c $(OBJS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(INCLUDES) -Itests/c -MMD -MP $(LDFLAGS) -o $@ $< $(OBJS) $(LIBS)

unit: $(CTEST)
	@for t in $(CTEST); do $$t || exit 1; done

spec: build/orket
	@busted --lua=lua5.4 tests/spec

clean:
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)

.PHONY: unit spec clean
.SECONDARY:

# make          builds build/orket
# make demo     installs what is missing, builds, runs the example epic
# make test     installs what is missing, builds, runs every test, JOBS=N files at a time; last line "N passed, N failed"; ORDER=random mixes them
# make check    floors, lint, globals, stale docs, then the tests
# make unit     C tests only; make spec: Lua tests only
# make sizes    outliers of size; make coverage: lines that the tests ran, C and Lua
# make evidence long and timed runs (N=) into build/evidence/; make evidence-deps: what it needs besides make test
# make install  the program, its page for man and completions for shells, under DESTDIR and PREFIX (/usr/local); make uninstall
# make help     these lines
# make FAULT=1  the program with points where it can be killed or made to fail (core/base/fault.h)
# SAN=address,undefined, CC=clang, COVER=1 give the same targets with other flags; V=1 shows commands.

VERSION := 0.1.0
CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
VARIANT := $(CC)$(if $(SAN),-san)$(if $(COVER),-cover)$(if $(GCSTRESS),-gc)
B       := build/$(VARIANT)
F       := $(B)-fault
FAULTY  := $(F)/orket
ORKET   := $(if $(FAULT),$(FAULTY),$(if $(filter gcc,$(VARIANT)),build/orket,$(B)/orket))
export ORKET FAULTY
export BENCH := $(B)/bench
export UNGATED := $(B)/tests/ungated
export BEYOND := $(B)/tests/beyond
export NAMED := $(B)/tests/named
MAKEFLAGS += --no-print-directory

STATIC   := -l:liblua5.4-luv.a -l:liblua5.4.a -l:libuv_a.a -l:libsqlite3.a -l:libsodium.a -l:libedit.a -l:libtinfo.a -l:libbsd.a -l:libmd.a
LLHTTP   := /usr/share/llhttp
INCLUDES := -Icore -I/usr/share/include/llhttp $(shell pkg-config --cflags lua5.4 libuv libcurl 2>/dev/null)
WARN     := -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Wwrite-strings -Wvla -Werror
RELEASE  := -O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2
SANITIZE := -O1 -g -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer -DBUF_MIN=4
OPT      := $(if $(SAN),$(SANITIZE),$(if $(COVER),-O0 -g --coverage,$(RELEASE))) $(if $(GCSTRESS),-DGCSTRESS)
CFLAGS   := -std=c11 -D_GNU_SOURCE -DORKET_VERSION='"$(VERSION)"' -fno-common -fPIE $(WARN) $(OPT)
LDFLAGS  := -pie -Wl,-z,relro,-z,now $(if $(SAN),-fsanitize=$(SAN)) $(if $(COVER),--coverage)
WRAP     := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
LIBS     := $(STATIC) -lpthread -ldl -lrt -lm

ONLY_FAULTY := core/base/fault.c core/io/fault_loop.c core/io/store/db/fault_vfs.c
JAIL  := $(wildcard core/jail/*.c)
PARSER := $(wildcard core/parser/*.c)
SRCS  := $(filter-out $(ONLY_FAULTY) $(JAIL) $(PARSER),$(sort $(shell find core -mindepth 2 -name '*.c')))
OBJS  := $(SRCS:%.c=$(B)/%.o) $(B)/embed.o $(B)/jail.o $(B)/parser.o $(patsubst %,$(B)/llhttp/%.o,api http llhttp)
SHIPPED := $(wildcard lua roles nodes tools)
EMBED := $(shell find $(SHIPPED) core/io bench/project -type f -name '*.lua' -o -name '*.json' -o -name '*.sql' | grep -v ^lua/meta | LC_ALL=C sort)
TRUSTED := $(filter-out lua/orket/dev/repl/face.lua,$(filter lua/orket/%.lua,$(EMBED)))
LUAC    := $(TRUSTED:%.lua=$(B)/%.luac)
PAGE    := build/page/web/index.html
UNITS := $(if $(GCSTRESS),heap box escape,*)
CTEST := $(patsubst tests/c/%.c,$(B)/tests/%,$(wildcard $(UNITS:%=tests/c/test_%.c)))
MEASURES := $(patsubst bench/%.c,$(B)/bench/%,$(wildcard bench/*.c))
SPECS := $(sort $(shell find tests -name '*_spec.lua'))

DEBS := gcc libc6-dev binutils make pkg-config git liblua5.4-dev lua-luv-dev libuv1-dev libsqlite3-dev libsodium-dev \
	libcurl4-openssl-dev ca-certificates libedit-dev libmd-dev node-llhttp libwslay-dev libtree-sitter-dev
NPM_DEBS := npm
DEBS += $(if $(shell command -v npm),,$(NPM_DEBS)) # an npm from elsewhere will do, and may not bear Debian's beside it
TEST_DEBS := lua5.4 lua-luv lua-busted lua-check lua-cjson sqlite3 curl libcmocka-dev libjansson4 cppcheck python3 \
	python3-pip python3-venv python3-pytest cmake golang-go cargo openssl patch python3-websockets \
	python3-prometheus-client nginx-light libnotify-bin dbus-daemon python3-dbus python3-gi chromium
EVIDENCE_DEBS := nghttp2-client python3-fastapi python3-httpx

Q = $(if $(V),,@echo "  $@";)
$(shell mkdir -p $(sort $(dir $(OBJS)) $(dir $(OBJS:$(B)/%=$(F)/%))) $(B)/tests/c $(B)/bench)

all: $(ORKET)

help:
	@sed -n 's/^# //p;/^$$/q' Makefile

# What is missing is said before the first compiler error; looked at once, until `make clean`.
build/packages:
	@missing=$$(for p in $(filter-out git ca-certificates,$(DEBS)); do \
	  ! command -v dpkg-query >/dev/null || dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q '^install ok' || echo $$p; done); \
	[ -z "$$missing" ] || { echo "make: these packages are missing:" $$missing >&2; echo "  fix: make build-deps" >&2; exit 1; }; \
	touch $@

$(OBJS) $(B)/core/main.o $(B)/compile $(B)/jail $(B)/parser: | build/packages

# luv does not look whether it got memory: core/main.c does.
$(B)/luv.a:
	@objcopy --redefine-sym malloc=luv_malloc --redefine-sym calloc=luv_calloc \
	  $$($(CC) -print-file-name=liblua5.4-luv.a) $@

build/orket: $(B)/orket
	@cp -f $< $@.tmp && mv -f $@.tmp $@

# Tests and benches link what they need of it.
$(B)/orket.a: $(OBJS)
	@rm -f $@ && ar rcs $@ $^

$(B)/orket: $(B)/core/main.o $(OBJS) $(B)/luv.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/%.o: %.c
	$(Q)$(CC) $(CFLAGS) $(INCLUDES) -MMD -MP -c -o $@ $<

$(B)/llhttp/%.o: $(LLHTTP)/%.c
	$(Q)$(CC) -std=c11 -O2 -w -DLLHTTP_STRICT_MODE=1 $(INCLUDES) -c -o $@ $<

# Trusted Lua is carried as bytecode.
$(B)/compile: core/compile.c
	$(Q)$(CC) -std=c11 $(INCLUDES) $(WARN) -O1 -o $@ $< -l:liblua5.4.a -lm -ldl

$(LUAC) &: $(B)/compile $(TRUSTED)
	@mkdir -p $(sort $(dir $(LUAC)))
	@$< $(B) $(TRUSTED)

# The embedded files; folders too, so that a file that went away goes away here.
$(B)/embed.s: core/bind/embed.sh $(EMBED) $(LUAC) $(PAGE) $(shell find $(SHIPPED) bench/project -type d)
	@sh $< $(filter-out $(TRUSTED),$(EMBED)) $(LUAC) $$(find $(dir $(PAGE)) -type f | LC_ALL=C sort) > $@

# The page of `orket serve`: Preact and Vite from npm. Its files have their content's hash in their names.
$(PAGE): $(shell find web -type f -not -path '*/node_modules/*')
	@rm -rf build/page && mkdir -p build/page && cp -R web build/page/source && rm -rf build/page/source/node_modules
	$(Q)cd build/page/source && npm ci --prefer-offline --loglevel=error > /dev/null && \
	  npm run --silent build -- --logLevel warn && cd .. && mv source/dist web && rm -rf source

# The jail: a static program of its own, carried inside the binary (core/io/process/jail.h).
$(B)/jail: $(JAIL) core/jail/jail.h core/io/process/jail.h
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE -Icore $(WARN) -Os -fstack-protector-strong -static -s -o $@ $(JAIL)

# The parser, likewise (core/parser/main.c): tree-sitter from Debian, its grammars from npm, as C sources.
GRAMMARS := build/grammars/grammars.a
GRAMMAR_DIRS := tree-sitter-python tree-sitter-javascript tree-sitter-typescript/typescript tree-sitter-typescript/tsx \
	tree-sitter-c @tree-sitter-grammars/tree-sitter-lua

$(GRAMMARS): core/parser/package.json core/parser/package-lock.json core/parser/.npmrc
	@rm -rf $(@D) && mkdir -p $(@D) && cp $^ $(@D)
	$(Q)cd $(@D) && npm ci --prefer-offline --loglevel=error > /dev/null && n=0 && for dir in $(GRAMMAR_DIRS); do \
	  for part in node_modules/$$dir/src/*.c; do n=$$((n + 1)); $(CC) -std=c11 -O2 -w -I$${part%/*} -c -o $$n.o $$part || exit 1; done; \
	done && ar rcs grammars.tmp *.o && mv grammars.tmp $(@F) && rm -rf *.o node_modules

# The MCP servers of the tests; no script of theirs runs here.
MCP := build/mcp/node_modules
$(MCP): tests/mcp/package.json tests/mcp/package-lock.json tests/mcp/.npmrc
	@rm -rf $(@D) && mkdir -p $(@D) && cp $^ $(@D)
	$(Q)cd $(@D) && npm ci --prefer-offline --loglevel=error > /dev/null && touch node_modules

$(B)/parser: $(PARSER) core/parser/parser.h $(GRAMMARS)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE -Icore $(WARN) -O2 -fstack-protector-strong -static -s -Wl,--gc-sections -o $@ \
	  $(filter %.c %.a,$^) -l:libtree-sitter.a

$(B)/jail.s $(B)/parser.s: $(B)/%.s: $(B)/%
	@printf '.section .rodata\n.globl %s_start, %s_end\n%s_start: .incbin "%s"\n%s_end: .byte 0\n' $* $* $* $< $* > $@
	@echo '.section .note.GNU-stack,"",%progbits' >> $@

$(B)/%.o: $(B)/%.s
	$(Q)$(CC) -c -o $@ $<

# Unit tests: one program per C file; support.c can make memory fail.
$(B)/tests/%: tests/c/%.c $(B)/tests/c/support.o $(B)/orket.a
	$(Q)$(CC) $(CFLAGS) $(INCLUDES) -Itests/c -MMD -MP $(LDFLAGS) $(WRAP) -o $@ $(filter-out %.h,$^) -lcmocka $(LIBS)

# A disk that can lose its power also sees what the store does without SQLite.
$(B)/tests/test_power: $(B)/tests/c/power_vfs.o
$(B)/tests/test_power: WRAP += -Wl,--wrap=open,--wrap=write,--wrap=pwrite,--wrap=fdatasync,--wrap=fsync,--wrap=rename,--wrap=unlink

# Names lead where the test says.
$(B)/tests/test_address: WRAP += -Wl,--wrap=getaddrinfo

# The program with its gate taken away, for one test; nothing installs it.
UNGATE := -Wl,--wrap=gate_judge_form,--wrap=gate_judge_reach,--wrap=gate_judge_operation
$(UNGATED): tests/c/ungated.c $(B)/core/main.o $(B)/orket.a $(B)/luv.a
	$(Q)$(CC) $(CFLAGS) $(INCLUDES) -MMD -MP $(LDFLAGS) $(UNGATE) -o $@ $^ $(LIBS)

# The program whose names lead where the test says; for specs, nothing installs it.
$(NAMED): tests/c/named.c $(B)/core/main.o $(B)/orket.a $(B)/luv.a
	$(Q)$(CC) $(CFLAGS) $(INCLUDES) -MMD -MP $(LDFLAGS) -Wl,--wrap=getaddrinfo -o $@ $^ $(LIBS)

# The program with its points of fault: what names one is compiled again, the rest is shared.
POINTED := core/main.c $(ONLY_FAULTY) $(shell grep -rl '"base/fault.h"' core --include='*.c' | grep -vFx core/main.c)
FAULTED := $(patsubst %.c,$(F)/%.o,$(sort $(POINTED))) $(filter-out $(POINTED:%.c=$(B)/%.o) $(B)/core/model/gate/operation.o,$(OBJS)) \
	$(B)/tests/operation.o
FAULT_WRAP := malloc calloc realloc uv_write uv_listen uv_fs_event_start fwrite write read pipe2 \
	$(shell awk -F', *' '$$2 == "int" || $$2 == "long" || $$2 == "ssize_t" {print substr($$1, 7)}' core/base/fault.c)

$(F)/%.o: %.c
	$(Q)$(CC) $(CFLAGS) -U_FORTIFY_SOURCE -fno-optimize-sibling-calls -DORKET_FAULTS -DLOG_PAGES=40 $(INCLUDES) -MMD -MP -c -o $@ $<

$(FAULTY): $(FAULTED) $(B)/luv.a
	$(Q)$(CC) $(LDFLAGS) $(FAULT_WRAP:%=-Wl,--wrap=%) -o $@ $^ $(LIBS)

# The program with one operation more, whose effect cannot be looked up; for specs, nothing installs it.
$(B)/tests/operation.o: core/model/gate/operation.c
	$(Q)$(CC) $(CFLAGS) $(INCLUDES) -DTEST_OPERATIONS -MMD -MP -c -o $@ $<

$(BEYOND): $(B)/core/main.o $(B)/tests/operation.o $(B)/orket.a $(B)/luv.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

# Programs that measure: bench/NAME.c, linked the same way, and with libcurl, which some compare with.
$(B)/bench/%: bench/%.c $(B)/orket.a
	$(Q)$(CC) $(CFLAGS) $(INCLUDES) -Itests/c -MMD -MP $(LDFLAGS) -o $@ $(filter-out %.h,$^) $(LIBS) -lcurl

# The official clients of model providers, for tests/spec/clients_spec.lua, and what makes clients of our own API from its
# document, for tests/spec/api_clients_spec.lua; nothing of them is in the binary.
CLIENTS := build/clients/installed

$(CLIENTS): tests/clients/package.json tests/clients/package-lock.json tests/clients/.npmrc
	@rm -rf $(@D) && mkdir -p $(@D) && cp $^ $(@D)
	$(Q)cd $(@D) && npm ci --prefer-offline --loglevel=error > /dev/null && touch $(@F)

# What the specs of the page drive Chromium with.
WEB := build/web/node_modules
$(WEB): $(wildcard tests/web/*) tests/web/.npmrc
	@rm -rf $(@D) && mkdir -p $(@D) && cp $^ $(@D)
	$(Q)cd $(@D) && npm ci --prefer-offline --loglevel=error > /dev/null && touch node_modules

unit: $(CTEST)
	@lua5.4 tests/run.lua $(CTEST)

spec: $(ORKET) $(UNGATED) $(BEYOND) $(NAMED) $(FAULTY) $(MEASURES) $(CLIENTS) $(MCP) $(WEB)
	@lua5.4 tests/run.lua $(SPECS)

deps: DEBS += $(TEST_DEBS)
evidence-deps: DEBS += $(TEST_DEBS) $(EVIDENCE_DEBS)
deps build-deps evidence-deps:
	@missing=$$(for p in $(DEBS); do dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q '^install ok' || echo $$p; done); \
	[ -z "$$missing" ] || { [ $$(id -u) = 0 ] || as=sudo; $$as apt-get -q update && \
	DEBIAN_FRONTEND=noninteractive $$as apt-get install -qy --no-install-recommends $$missing; }

# The inner make looks at the machine again after the packages came.
test: deps
	@$(MAKE) -j$$(nproc) run-tests

run-tests: $(ORKET) $(UNGATED) $(BEYOND) $(NAMED) $(FAULTY) $(MEASURES) $(CLIENTS) $(MCP) $(WEB) $(CTEST)
	@lua5.4 tests/run.lua $(CTEST) $(SPECS)

demo: deps
	@$(MAKE) -j$$(nproc)
	@sh examples/demo.sh

check: deps
	@$(MAKE) floors lint globals stale
	@$(MAKE) -j$$(nproc) run-tests

floors:
	@lua5.4 tests/floors.lua

lint:
	@luacheck -q $(SHIPPED) tests
	@lua5.4 tests/density.lua c core tests bench
	@lua5.4 tests/density.lua lua lua roles nodes tools
	@lua5.4 tests/density.lua md docs README.md
	@cppcheck --quiet --error-exitcode=1 --enable=warning,portability --inline-suppr --suppress=missingIncludeSystem \
	  --suppress=autoVariables --suppress=memleak --std=c11 -Icore -DORKET_VERSION='""' core

# Ours may have constants only: no object with a size in .data or .bss.
globals: $(OBJS) $(B)/core/main.o
	@! objdump -t $(filter $(B)/core/%,$^) | grep -E ' O \.(data|bss|tdata|tbss)(\.[^[:space:]]*)?[[:space:]]' | grep -v '\.data\.rel\.ro'

sizes:
	@lua5.4 tests/sizes.lua core lua roles nodes tools

# Documents that the program writes itself; `stale` fails when they are not what it would write.
docs: $(ORKET)
	@$(ORKET) law > docs/state-machine.md
	@ORKET_LUA=tests/acts_doc $(ORKET) > docs/acts.md
	@ORKET_LUA=tests/api_doc $(ORKET) > docs/api.md
	@lua5.4 tests/file_list.lua > docs/files.md

stale: $(ORKET)
	@$(ORKET) law | cmp - docs/state-machine.md || { echo "run make docs"; exit 1; }
	@ORKET_LUA=tests/acts_doc $(ORKET) | cmp - docs/acts.md || { echo "run make docs"; exit 1; }
	@ORKET_LUA=tests/api_doc $(ORKET) | cmp - docs/api.md || { echo "run make docs"; exit 1; }
	@lua5.4 tests/file_list.lua | cmp - docs/files.md || { echo "run make docs"; exit 1; }

coverage:
	@rm -rf build/coverage && mkdir -p build/coverage
	@$(MAKE) COVER=1 unit build/$(CC)-cover/orket
	@$(MAKE) COVER=1 ORKET=tests/support/covered spec
	@lua5.4 tests/coverage.lua build/$(CC)-cover build/coverage

evidence: $(ORKET) $(FAULTY) $(BEYOND) $(NAMED) $(MEASURES) $(WEB) $(B)/tests/test_power $(B)/tests/test_damage
	@sh bench/evidence.sh

PREFIX    := /usr/local
install uninstall: export INSTALLED := $(DESTDIR)$(PREFIX)
PLACES    := bin/orket share/man/man1/orket.1 share/bash-completion/completions/orket share/zsh/site-functions/_orket \
	share/fish/vendor_completions.d/orket.fish

build/man/orket.1: $(ORKET)
	@mkdir -p $(@D) && $(ORKET) help --man > $@.tmp && mv $@.tmp $@

man: build/man/orket.1

install: $(ORKET) man
	@for place in $(PLACES); do mkdir -p "$$INSTALLED/$${place%/*}"; done
	@install -m 755 $(ORKET) "$$INSTALLED/bin/orket"
	@install -m 644 build/man/orket.1 "$$INSTALLED/share/man/man1/orket.1"
	@$(ORKET) completion bash > "$$INSTALLED/share/bash-completion/completions/orket"
	@$(ORKET) completion zsh > "$$INSTALLED/share/zsh/site-functions/_orket"
	@$(ORKET) completion fish > "$$INSTALLED/share/fish/vendor_completions.d/orket.fish"
	@echo "installed $$INSTALLED/bin/orket"

uninstall:
	@for place in $(PLACES); do rm -f "$$INSTALLED/$$place"; done

clean:
	rm -rf build

-include $(shell find $(B) $(F) -name '*.d' 2>/dev/null)

.PHONY: all help man install uninstall unit spec deps build-deps evidence-deps test run-tests demo check floors lint globals sizes docs stale coverage evidence clean
.SECONDARY:

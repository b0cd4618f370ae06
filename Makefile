# teller: one non-recursive Makefile. `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules
JOBS ?= $(shell nproc)

# --- how to compile: MODE is release, debug, asan, tsan, cov or fuzz ---------------------------
MODE ?= release
CC := $(if $(filter fuzz,$(MODE)),clang,gcc)
OBJ := build/$(MODE)

CPPFLAGS := -I. -D_GNU_SOURCE -I/usr/include/postgresql
CFLAGS_COMMON := -std=gnu17 -g -pthread -fPIE -fno-omit-frame-pointer -ffile-prefix-map=$(CURDIR)=. \
  -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
  -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wformat=2 -Wvla -Wimplicit-fallthrough \
  -Wdouble-promotion -Wframe-larger-than=4096
# Not -ftrivial-auto-var-init=zero: GCC 12 then clears the padding of initialised structs, and clears
# members instead where a large array is among them.
HARDENING := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection \
  -fcf-protection -fno-strict-overflow
CFLAGS_release := -O2 $(HARDENING)
CFLAGS_debug := -O0 -DCORO_DEBUG
CFLAGS_asan := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -DCORO_DEBUG
CFLAGS_tsan := -O1 -fsanitize=thread -DCORO_DEBUG
CFLAGS_cov := -O0 -DCORO_DEBUG
# clang tells of the sanitizer in another way than gcc, and warns of what headers of libraries do.
CFLAGS_fuzz := -O1 -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all -DCORO_DEBUG \
  -D__SANITIZE_ADDRESS__=1 -Wno-missing-field-initializers -Wno-cast-qual -Wno-unused-function \
  -Wno-frame-larger-than
LDFLAGS_release := -Wl,-z,relro,-z,now,-z,noexecstack
LDFLAGS_asan := -fsanitize=address,undefined
LDFLAGS_tsan := -fsanitize=thread
LDFLAGS_cov := --coverage
LDFLAGS_fuzz := -fsanitize=address,undefined
CFLAGS = $(CFLAGS_COMMON) $(CFLAGS_$(MODE))
LDFLAGS = -pie -pthread $(LDFLAGS_$(MODE))

# What an object was built with besides its sources: flags, compiler, and the packages whose headers
# it may have found, or not. Written when it differs, and every object depends on it; times of files
# do not tell, since a package's files are as old as the package.
BUILT_WITH := $(CC) $(shell command -v $(CC) >/dev/null && $(CC) $(if $(filter fuzz,$(MODE)),-dumpversion,-dumpfullversion)) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) \
  $(shell dpkg-query -W -f '$${Package}=$${Version} ' libc6-dev libmicrohttpd-dev libpq-dev \
  libjansson-dev libconfig-dev libsodium-dev libseccomp-dev libssl-dev zlib1g-dev libcunit1-dev valgrind 2>/dev/null)
ifneq ($(strip $(file <$(OBJ)/built-with)),$(strip $(BUILT_WITH)))
  $(shell mkdir -p $(OBJ))
  $(file >$(OBJ)/built-with,$(BUILT_WITH))
endif

# --- what is made of what ---------------------------------------------------------------------
folders = $(patsubst %/,%,$(wildcard $(1)/*/))
objects = $(patsubst %,$(OBJ)/%.o,$(basename $(foreach d,$(1),$(wildcard $(d)/*.c $(d)/*.S))))

CORO := $(call objects,coro)
CORO_HTTP := $(call objects,coro/http)
CORO_TLS := $(call objects,coro/tls)
LEDGER := $(call objects,ledger $(call folders,ledger)) $(OBJ)/embed/sql.o
# Examples that are parts of the program, too, to be run from a page: those that open no socket.
LESSONS := $(filter-out fetch fetch_timeout,$(basename $(notdir $(wildcard coro/examples/*.expected))))
LAB := $(call objects,$(call folders,lab)) $(OBJ)/embed/lab.o $(OBJ)/lessons/table.o $(LESSONS:%=$(OBJ)/lessons/%.o)
SERVER := $(filter-out %/main.o,$(call objects,server $(call folders,server))) $(OBJ)/embed/web.o $(OBJ)/embed/api.o $(OBJ)/embed/docs.o
LOADTEST := $(filter-out %/main.o,$(call objects,loadtest))
# What the commands for people stand on, to talk to a service.
TALK := $(addprefix $(OBJ)/loadtest/,json_view.o key.o) $(CORO_HTTP) $(CORO_TLS)

# The version stands in one file; these say it.
VERSION := $(file <VERSION)
SAYS_VERSION := $(addprefix $(OBJ)/,server/main.o loadtest/main.o tests/service/test_version.o) \
  $(filter %/metrics.o %/cmd_serve.o,$(SERVER))
$(SAYS_VERSION): VERSION
$(SAYS_VERSION): CPPFLAGS += -DTELLER_VERSION='"$(VERSION)"'

LEDGER_LIBS := -lpq -lsodium -lunistring
TLS_LIBS := -lssl -lcrypto
SERVER_LIBS := -lmicrohttpd $(TLS_LIBS) -ljansson -lconfig -lseccomp -lz $(LEDGER_LIBS)

LINK = @mkdir -p $(@D); echo "  LD $(MODE) $(@F)"; $(CC) $(LDFLAGS) -o $@ $^

$(OBJ)/teller: $(OBJ)/server/main.o $(SERVER) $(TALK) $(LAB) $(LEDGER) $(CORO)
	$(LINK) $(SERVER_LIBS) -lm
$(OBJ)/teller-load: $(OBJ)/loadtest/main.o $(LOADTEST) $(CORO_HTTP) $(CORO_TLS) $(CORO)
	$(LINK) $(TLS_LIBS) -lm
# What is said of more machines than there are, out of what `make costs` measured on one.
SIMULATION := $(filter-out %/main.o,$(call objects,loadtest/simulation)) $(OBJ)/loadtest/dice.o
$(OBJ)/teller-simulate: $(OBJ)/loadtest/simulation/main.o $(SIMULATION)
	$(LINK) -lm
$(OBJ)/tests/test-coro: $(call objects,tests tests/coro) $(CORO_HTTP) $(CORO_TLS) $(CORO)
	$(LINK) -lcunit $(TLS_LIBS) -lm
# It sees each text of SQL that is sent, and has PostgreSQL's own parser take it apart.
$(OBJ)/tests/test-ledger: $(call objects,tests tests/ledger) $(LEDGER) $(CORO)
	$(LINK) -Wl,--wrap=PQsendQuery,--wrap=PQsendPrepare -lcunit -lpg_query -ljansson $(LEDGER_LIBS) -lm
$(OBJ)/tests/test-lab: $(call objects,tests tests/lab) $(LAB) $(LEDGER) $(CORO)
	$(LINK) -lcunit -ljansson $(LEDGER_LIBS) -lm
$(OBJ)/tests/test-server: $(call objects,tests tests/server) $(SERVER) $(TALK) $(LAB) $(LEDGER) $(CORO) | $(OBJ)/tests/lab-standin
	$(LINK) -lcunit $(SERVER_LIBS) -lm
# What test-server has the runner of experiments run.
$(OBJ)/tests/lab-standin: $(OBJ)/tests/server/lab/standin.o $(OBJ)/server/lab/lab_confine.o
	$(LINK) -lseccomp
$(OBJ)/tests/test-loadtest: $(call objects,tests tests/loadtest) $(filter-out %/dice.o,$(SIMULATION)) $(OBJ)/tests/coro/script.o $(LOADTEST) $(CORO_HTTP) $(CORO_TLS) $(CORO)
	$(LINK) -lcunit $(TLS_LIBS) -lm
$(OBJ)/tests/test-scale: $(OBJ)/tests/unit.o $(OBJ)/tests/ledger/fixture.o $(call objects,tests/scale) $(LEDGER) $(CORO)
	$(LINK) -lcunit $(LEDGER_LIBS) -lm
# The program from outside: runs the teller that stands beside it in the same build.
$(OBJ)/tests/test-service: $(call objects,tests tests/service) $(LOADTEST) $(CORO_HTTP) $(CORO_TLS) $(CORO) | $(OBJ)/teller $(OBJ)/teller-load \
  $(OBJ)/tests/teller-planted
	$(LINK) -lcunit $(TLS_LIBS) -lm
# A teller in which careless strategies of the lab crash, loop, fork: tests/service/planted.
PLANTED := $(OBJ)/server/lab/lab_bounds.o \
  $(patsubst %,$(OBJ)/lab/strategy/%.o,unsafe atomic unordered_locks misused_rwmutex compare_and_swap)
$(OBJ)/tests/teller-planted: $(OBJ)/server/main.o $(OBJ)/tests/service/planted/planted.o \
  $(filter-out $(PLANTED),$(SERVER) $(LAB)) $(TALK) $(LEDGER) $(CORO)
	$(LINK) $(SERVER_LIBS) -lm
# The same while everything it stands on fails.
$(OBJ)/tests/test-faults: $(filter-out %/main.o $(OBJ)/tests/service/test_%,$(call objects,tests tests/service)) \
  $(filter-out %/shim.o,$(call objects,tests/faults)) $(LOADTEST) $(CORO_HTTP) $(CORO_TLS) $(CORO) | $(OBJ)/teller $(OBJ)/tests/shim.so
	$(LINK) -lcunit $(TLS_LIBS) -lm
# The same on a database of several machines.
$(OBJ)/tests/test-cluster: $(filter-out %/main.o $(OBJ)/tests/service/test_%,$(call objects,tests tests/service)) \
  $(addprefix $(OBJ)/tests/service/,test_places.o test_forward.o test_forward_cuts.o) \
  $(call objects,tests/cluster) $(LOADTEST) $(CORO_HTTP) $(CORO_TLS) $(CORO) | $(OBJ)/teller
	$(LINK) -lcunit $(TLS_LIBS) -lm
$(OBJ)/tests/shim.so: tests/faults/shim.c tests/faults/shim.h
	@mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS_COMMON) -O1 -fPIC -shared -o $@ $<
# A program for each fuzz target (MODE=fuzz): of the service and the ledger each takes what it needs,
# but for what the stand-ins of tests/fuzz define in their place.
FUZZ_TARGETS := $(patsubst tests/fuzz/target_%.c,%,$(wildcard tests/fuzz/target_*.c))
FUZZ_STANDINS := $(filter-out %/fuzz.o $(OBJ)/tests/fuzz/target_%,$(call objects,tests/fuzz))
FUZZ_WITH_STANDINS := request body path
$(OBJ)/libfuzzed.a: $(filter-out %/token_desk.o,$(SERVER)) $(TALK) $(LAB) $(LEDGER) $(CORO)
	@rm -f $@ && ar rcs $@ $^
$(FUZZ_WITH_STANDINS:%=$(OBJ)/fuzz-%): $(FUZZ_STANDINS)
$(OBJ)/fuzz-%: $(OBJ)/tests/fuzz/target_%.o $(OBJ)/tests/fuzz/fuzz.o $(OBJ)/libfuzzed.a
	@mkdir -p $(@D); echo "  LD $(MODE) $(@F)"
	@$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(OBJ)/libfuzzed.a \
	  $$(clang -print-file-name=libclang_rt.fuzzer_no_main-x86_64.a) $(SERVER_LIBS) -lstdc++ -lm
.PHONY: fuzz-programs
fuzz-programs: $(FUZZ_TARGETS:%=$(OBJ)/fuzz-%)
# A program for each example that has an expected output beside it.
EXAMPLES := $(patsubst coro/examples/%.expected,$(OBJ)/examples/%,$(wildcard coro/examples/*.expected))
$(OBJ)/examples/fetch $(OBJ)/examples/fetch_timeout: $(OBJ)/coro/examples/slow_server.o
$(OBJ)/examples/%: $(OBJ)/coro/examples/%.o $(CORO_HTTP) $(CORO)
	$(LINK)
# The runtime on its own, for programs outside this tree: static, and shared, where nothing is to be
# seen but what the public headers declare. Until 1.0 each minor version may change the layout of a
# struct, so it has a soname of its own.
CORO_SONAME := libcoro.so.$(basename $(VERSION))
$(OBJ)/libcoro.a: $(CORO)
	@rm -f $@ && ar rcs $@ $^
$(OBJ)/libcoro.so: $(CORO:$(OBJ)/%=$(OBJ)/pic/%)
	@echo "  LD $(MODE) $(@F)"; $(CC) -shared -pthread $(LDFLAGS_$(MODE)) -Wl,-soname,$(CORO_SONAME) -Wl,-z,defs \
	  -Wl,-Bsymbolic-functions -o $@ $^
# What is built on it, each on its own: a program without TLS links nothing of OpenSSL.
$(OBJ)/libcoro-http.a: $(CORO_HTTP)
	@rm -f $@ && ar rcs $@ $^
$(OBJ)/libcoro-tls.a: $(CORO_TLS)
	@rm -f $@ && ar rcs $@ $^
$(OBJ)/bench-coro: $(call objects,coro/bench) $(CORO)
	$(LINK) -lm

$(OBJ)/pic/%.o: CFLAGS += -fPIC -fvisibility=hidden -fno-semantic-interposition -DCORO_SHARED
$(OBJ)/pic/%.o: %.c Makefile $(OBJ)/built-with
	@mkdir -p $(@D)
	@echo "  CC $(MODE) $< (shared)"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(OBJ)/pic/%.o: %.S Makefile $(OBJ)/built-with
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS) -MMD -MP -c -o $@ $<
$(OBJ)/%.o: %.c Makefile $(OBJ)/built-with
	@mkdir -p $(@D)
	@echo "  CC $(MODE) $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(OBJ)/%.o: %.S Makefile $(OBJ)/built-with
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS) -MMD -MP -c -o $@ $<

# What tests/coverage counts: the pure money code. There co_ensure() is taken out, see that script.
COUNTED := $(addprefix build/cov/ledger/,$(addprefix domain/,money.o asset.o rules.o status.o account.o entry.o) db/copy.o)
$(COUNTED): CFLAGS_cov += --coverage -DCORO_ENSURE_H '-Dco_ensure(condition)=((void)sizeof(condition))' \
  '-DCO_MUST_CHECK=__attribute__((warn_unused_result))'

# Files that the program carries in itself: the migrations, the dashboard, the API's description.
$(OBJ)/embed/sql.o: $(wildcard sql/*.sql)
$(OBJ)/embed/web.o: $(wildcard web/* web/lab/*) build/operations.json
$(OBJ)/embed/api.o: server/api/openapi.json
$(OBJ)/embed/docs.o: build/site/index.html
$(OBJ)/embed/lab.o: $(wildcard lab/scenario/*.c lab/strategy/*.c lab/sql/*.c ledger/strategy/*.c)
$(OBJ)/embed/%.o: tools/embed.sh Makefile $(OBJ)/built-with
	@mkdir -p $(@D)
	@tools/embed.sh $* > $(OBJ)/embed/$*.c
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $(OBJ)/embed/$*.c

# Each example a second time, its main() under a name of its own; and the table of them.
$(OBJ)/lessons/table.o: tools/examples.sh $(wildcard coro/examples/*.c) Makefile $(OBJ)/built-with
	@mkdir -p $(@D)
	@tools/examples.sh $(LESSONS) > $(@:.o=.c)
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $(@:.o=.c)
$(OBJ)/lessons/%.o: coro/examples/%.c Makefile $(OBJ)/built-with
	@mkdir -p $(@D)
	@echo "  CC $(MODE) $< (a lesson)"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -Wno-missing-prototypes -Dmain=example_$* -MMD -MP -c -o $@ $<

# The documentation as the program carries it: without the manual pages, which come out of it.
build/site/index.html: $(wildcard docs/*) $(shell git ls-files '*.md' 2>/dev/null || echo README.md)
	@rm -rf build/site && node docs/site.mjs build/site

# What the page's explorer shows of the API's description.
build/operations.json: tools/operations.mjs server/api/openapi.json
	@node tools/operations.mjs $@

# npm's packages: those that test the pages and the clients, and what the clients are written with.
build/node_modules/.for-e2e: web/package.json web/package-lock.json
	@mkdir -p build && cp $^ build/
	npm ci --prefix build --no-audit --no-fund --loglevel=error && touch $@

build/lint/node_modules/.for-openapi: tests/openapi/package.json tests/openapi/package-lock.json
	@mkdir -p build/lint && cp $^ build/lint/
	npm ci --prefix build/lint --ignore-scripts --no-audit --no-fund --loglevel=error && touch $@

build/lighthouse/node_modules/.for-lighthouse: tests/lighthouse/package.json tests/lighthouse/package-lock.json
	@mkdir -p build/lighthouse && cp $^ build/lighthouse/
	npm ci --prefix build/lighthouse --ignore-scripts --no-audit --no-fund --loglevel=error && touch $@

-include $(shell find build -name '*.d' 2>/dev/null)

# --- what must be on the machine --------------------------------------------------------------
BUILD_DEPS := gcc libc6-dev binutils libmicrohttpd-dev libpq-dev libjansson-dev libconfig-dev libsodium-dev libunistring-dev \
  libseccomp-dev libssl-dev zlib1g-dev node:nodejs cmark-gfm
RUN_DEPS := postgresql-15
TIDY_DEPS := shellcheck clang-format-14
TEST_DEPS := $(BUILD_DEPS) $(RUN_DEPS) $(TIDY_DEPS) clang libclang-rt-14-dev g++ cmake meson pgbouncer libcunit1-dev gawk curl openssl mandoc zsh valgrind hledger beancount ledger \
  nginx haproxy caddy varnish apache2-bin pkgconf gdb promtool:prometheus python3:python3 npm:npm libpg-query-dev
E2E_DEPS := chromium
CLUSTER_DEPS := etcd-server patroni haproxy curl iproute2 procps

.PHONY: deps deps-%
deps: deps-run ## install what is missing to build and to run (as root, or with sudo)
deps-build: ; @tools/install-deps $(BUILD_DEPS)
deps-run: ; @tools/install-deps $(BUILD_DEPS) $(RUN_DEPS)
deps-test: ; @tools/install-deps $(TEST_DEPS)
deps-e2e: ; @tools/install-deps $(TEST_DEPS) $(E2E_DEPS) $(CLUSTER_DEPS)
deps-cluster: ; @tools/install-deps $(BUILD_DEPS) $(RUN_DEPS) $(CLUSTER_DEPS) libcunit1-dev
deps-bench: ; @tools/install-deps $(BUILD_DEPS) $(RUN_DEPS) wrk jq golang golang-github-lib-pq-dev
deps-tidy: ; @tools/install-deps $(BUILD_DEPS) $(TIDY_DEPS)
deps-fuzz: ; @tools/install-deps $(BUILD_DEPS) clang libclang-rt-14-dev
deps-docs: ; @tools/install-deps $(BUILD_DEPS) mandoc
deps-deb: ; @tools/install-deps $(BUILD_DEPS) debhelper dpkg-dev jq lintian mandoc git
deps-fresh: ; @tools/install-deps debootstrap git curl

# --- targets ----------------------------------------------------------------------------------
MAKE_IN = $(MAKE) --no-print-directory -j$(JOBS)

.PHONY: help all build run test unit coverage mutants lab-seeds lab-table seeds asan tsan service faults partitions fresh desk-kills restarts endings tls crowds scale handover resting following upgrade e2e screenshots bench bench-ledgers bench-coro bench-peers bench-lab tidy layers format man completion install clients clients-kills deb deb-test clean container-test docs
help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | column -t -s $$'\t'

all: ## the same as build, but it only says what is missing, and installs nothing
	@tools/install-deps --missing $(BUILD_DEPS)
	@$(BUILD)

build: deps-build ## build/teller and build/teller-load
	@$(BUILD)
.PHONY: programs
programs: ; @$(BUILD)
BUILD = $(MAKE_IN) MODE=release build/release/teller build/release/teller-load && \
  ln -sf release/teller build/teller && ln -sf release/teller-load build/teller-load

run: deps-run build ## install what is missing, build, and serve http://127.0.0.1:8080 from var/
	@mkdir -p var
	@exec build/teller serve --data var

test: deps-e2e build ## everything that a commit must pass
	@tests/run unit install -- service:1/3 e2e -- service:2/3 faults -- tidy cluster \
	  service:3/3 lab coverage examples man docs openapi clients monitoring proxies

unit: deps-test ## the C tests alone, in MODE
	@$(MAKE_IN) unit-programs examples
	@tests/run unit examples

.PHONY: objects
objects: $(CORO) $(CORO_HTTP) $(CORO_TLS) $(LEDGER) $(LAB) $(SERVER) $(LOADTEST) $(OBJ)/server/main.o $(OBJ)/loadtest/main.o \
  $(call objects,tests/fuzz) # which nothing else builds until somebody fuzzes

.PHONY: unit-programs
unit-programs: $(patsubst %,$(OBJ)/tests/test-%,coro ledger lab server loadtest)

.PHONY: examples
examples: $(EXAMPLES) ## the runtime's examples, in build/$(MODE)/examples

coverage: deps-test ## the branches of the pure money code that its tests take
	@tests/run coverage

mutants: deps-test ## break the rules of money one by one: the tests of the ledger must see each
	@JOBS=$(JOBS) tests/mutants/run

LAB_SEEDS ?= 100000
lab-seeds: deps-test ## each scenario and strategy of the lab by LAB_SEEDS seeds of each walk: minutes
	@$(MAKE_IN) MODE=release build/release/tests/test-lab
	LAB_SEEDS=$(LAB_SEEDS) build/release/tests/test-lab pairings

lab-table: deps-test ## write the table of lab/README.md and the lab's golden runs again
	@$(MAKE_IN) MODE=release build/release/tests/test-lab
	@tests/lab/table

SEEDS ?= 2000
seeds: deps-test ## the suites of channels, select and sync under SEEDS seeded schedules
	@$(MAKE_IN) MODE=release build/release/tests/test-coro
	SEEDS=$(SEEDS) build/release/tests/test-coro report/suites_under_seeds

asan: deps-test ## the C tests under AddressSanitizer and UBSan
	@$(MAKE_IN) MODE=asan unit-programs examples build/asan/teller build/asan/tests/test-service
	@MODE=asan tests/run unit examples

tsan: deps-test ## the C tests under ThreadSanitizer, each coroutine a fiber
	@$(MAKE_IN) MODE=tsan unit-programs examples build/tsan/teller
	@MODE=tsan tests/run unit examples

service: deps-test build ## the program from outside: HTTP, races, kills
	@tests/run service

faults: deps-test build ## everything fails under load, two hundred kills: the long form
	@FAULTS=long tests/run faults

MINUTES ?= 30
partitions: deps-test build ## two servers on one database while their links and they fail: MINUTES=30
	@$(MAKE_IN) MODE=release build/release/tests/test-faults
	FAULTS=long PARTITION_SECONDS=$$(($(MINUTES) * 30)) tools/with-postgres build/release/tests/test-faults partition

cluster: deps-cluster build $(OBJ)/tests/test-cluster ## on etcd and Patroni: machines, programs and links fail, the long form
	@tests/cluster/long

.PHONY: cluster cluster-up cluster-down cluster-status
cluster-up: deps-cluster build ## etcd, three PostgreSQL nodes under Patroni, three tellers, haproxy: http://127.0.0.1:8100
	@CONTROL=true deploy/cluster up

cluster-down: ## stop them; the data stays in var/cluster
	@deploy/cluster down

cluster-status: ; @deploy/cluster status

desk-kills: deps-test build ## the commands for people, killed 200 times while the service is killed too: minutes
	@$(MAKE_IN) MODE=release build/release/tests/test-service
	DESK_KILLS=200 build/release/tests/test-service desk/killed_it_pays_once

restarts: deps-test build ## 50 restarts under load, with a socket that is held meanwhile: minutes
	@$(MAKE_IN) MODE=release build/release/tests/test-service
	RESTARTS=50 build/release/tests/test-service handover

ENDINGS ?= 10000
endings: deps-test build ## connections that end badly, ENDINGS=10000 of each kind: minutes; 100000: half an hour
	@$(MAKE_IN) MODE=release build/release/tests/test-service
	ENDINGS=$(ENDINGS) build/release/tests/test-service endings

TLS_SUITES := tls transfers keys batches access grammar sizes hostile events holds connections
tls: deps-test build ## the suites that go through HTTP, over TLS: minutes
	@$(MAKE_IN) MODE=release build/release/tests/test-service
	TEST_TLS=1 build/release/tests/test-service $(TLS_SUITES)

crowds: deps-test ## thousands that do not read, do not send, only listen or are idle, all together
	@$(MAKE_IN) MODE=release build/release/tests/test-service
	CROWDS=long build/release/tests/test-service crowds idle

.PHONY: forward
forward: deps-test ## the way to another server is cut at each byte of requests and answers: minutes
	@$(MAKE_IN) MODE=release build/release/tests/test-service
	FORWARD=long build/release/tests/test-service forward-cuts

.PHONY: spread
spread: deps-test ## three servers, 300 ledgers, few of which have most of the load: 3 minutes
	@$(MAKE_IN) MODE=release build/release/tests/test-service build/release/teller
	SPREAD=long build/release/tests/test-service spread

.PHONY: leaving
leaving: deps-test ## LEAVING=100 ledgers under load, three servers that are stopped in turn: minutes
	@$(MAKE_IN) MODE=release build/release/tests/test-service build/release/teller
	LEAVING=$(or $(LEAVING),100) build/release/tests/test-service leaving

.PHONY: resting-kills
resting-kills: deps-test ## RESTING=30 rounds: ledgers opened and closed on three servers that are killed in turn
	@$(MAKE_IN) MODE=release build/release/tests/test-service build/release/teller
	RESTING=$(or $(RESTING),30) build/release/tests/test-service resting-kills

.PHONY: bench-connections bench-tls fuzz flood
bench-connections: deps-test ## what slow clients, listeners and idle connections cost: 1,000, 2,000, 10,000
	@$(MAKE_IN) MODE=release build/release/tests/test-service
	CROWDS=long build/release/tests/test-service company

bench-tls: deps-test ## what a TLS connection costs by a whole handshake, and by a session that is taken up again
	@$(MAKE_IN) MODE=release build/release/tests/test-service
	HANDSHAKES=long build/release/tests/test-service handshakes

FUZZ_SECONDS ?= 60
fuzz: deps-fuzz ## FUZZ_SECONDS=60 of libFuzzer for each target; TARGETS: some of them alone
	@$(MAKE_IN) MODE=fuzz fuzz-programs
	@FUZZ_SECONDS=$(FUZZ_SECONDS) JOBS=$(JOBS) tests/fuzz/run $(TARGETS)

flood: deps-test ## random bytes, half requests, resets, for FLOOD_SECONDS=600, of a service with AddressSanitizer
	@$(MAKE_IN) MODE=asan build/asan/tests/test-service
	FLOOD_SECONDS=$(or $(FLOOD_SECONDS),600) build/asan/tests/test-service flood

scale: deps-test ## start and read a ledger of ACCOUNTS=10000000, ENTRIES=20000000, HOLDS=3000000: minutes
	@$(MAKE_IN) build/release/tests/test-scale && tools/with-postgres build/release/tests/test-scale

handover: deps-test build ## a server with a ledger of ACCOUNTS=1000000 is stopped under load: for how long nobody is paid
	tools/with-postgres tests/scale/handover build/release/teller

resting: deps-test build ## a server with LEDGERS=100000, of which OPEN=1024 are open: its start, and payments
	tools/with-postgres tests/scale/resting build/release/teller

following: deps-test build ## one server has LEDGERS=1000, another follows them: processor time at rest and under load, and its lag
	tools/with-postgres tests/scale/following build/release/teller

UPGRADE_FROM ?= 3a2b25b
upgrade: deps-test build ## from the program of UPGRADE_FROM=REVISION, built from history, under load
	@$(MAKE_IN) MODE=release build/release/tests/test-service && tests/upgrade.sh $(UPGRADE_FROM)

fresh: deps-fresh ## the README's two commands in a new Debian 12; PARTS: of the tests, instead of all
	@tests/fresh/run $(PARTS)

e2e: deps-e2e build ## the dashboard in headless Chromium
	@tests/run e2e

.PHONY: lighthouse
lighthouse: deps-e2e build build/node_modules/.for-e2e build/lighthouse/node_modules/.for-lighthouse ## the page on a phone, in numbers: speed, size, shift
	@node tests/lighthouse/run.js

screenshots: deps-e2e build build/node_modules/.for-e2e ## every view of the pages, light and dark, wide and narrow: build/screenshots
	@mkdir -p build/screenshots && node tests/e2e/run.js --screenshots build/screenshots

bench: deps-bench build bench-coro ## every benchmark beside its peer, a bank and primitives in Go
	@loadtest/bench.sh

.PHONY: costs simulate
costs: deps-bench build ## what things cost on this machine, for the simulation: build/costs
	@tools/install-deps haproxy
	@loadtest/costs.sh build/costs

simulate: deps-build ## 100 servers and more on paper, by COSTS=build/costs or what was measured here
	@$(MAKE_IN) MODE=release build/release/teller-simulate
	@build/release/teller-simulate $(or $(COSTS),loadtest/simulation/costs.txt) $(SEED)

bench-ledgers: deps-bench build ## the same clients on 1, 8, 32 and 256 ledgers of one service
	@loadtest/bench-ledgers.sh

.PHONY: bench-forward
bench-forward: deps-bench build ## a request through another server, beside one to the ledger's owner
	@loadtest/bench-forward.sh

bench-coro: deps-bench ## the runtime's primitives beside Go's
	@$(MAKE_IN) MODE=release build/release/bench-coro
	@coro/bench/bench.sh

bench-peers: deps-bench ## the same on neco, libdill and Boost.Fiber, those that are there
	@tools/install-deps g++ libboost-fiber-dev
	@$(MAKE_IN) MODE=release build/release/bench-coro
	@coro/bench/peers.sh

bench-lab: deps-bench build ## what each strategy of the lab costs, in memory and on PostgreSQL
	@tools/with-postgres lab/parallel/bench.sh

tidy: deps-tidy ## the house's policy: arrows, names, lengths, leftovers; format, shell scripts
	@tests/run tidy

layers: build ## a table of the folders: files, arrows, arrows that point up, circles of files
	@tests/tidy/layers

format: deps-tidy ## C as .clang-format has it, all files
	@git ls-files '*.[ch]' | xargs -n 50 -P 2 clang-format-14 -i

man: build ## the manual pages, into build/man
	@rm -rf build/man && tools/man/build build/man

completion: build ## what bash and zsh complete, into build/completion
	@tools/completion/build build/completion

docs: deps-docs man ## the documentation as a site, the manual pages in it, into build/docs
	@rm -rf build/docs && node docs/site.mjs build/docs build/man

PREFIX ?= /usr/local
INSTALL_FILE = install -D -m 644 -t $(DESTDIR)$(PREFIX)
public_headers = $(filter-out %_private.h,$(wildcard $(1)/*.h $(1)/*.hpp))
CORO_LIBRARIES := coro coro-http coro-tls
libraries = $(CORO_LIBRARIES:%=build/$(1)/lib%.a)
.PHONY: libraries
libraries: # of coro/, as they are and under each sanitizer
	@$(MAKE_IN) MODE=release $(call libraries,release) build/release/libcoro.so
	@$(MAKE_IN) MODE=asan $(call libraries,asan)
	@$(MAKE_IN) MODE=tsan $(call libraries,tsan)
install: man docs completion libraries ## into PREFIX (DESTDIR as usual): programs, manual, systemd units, completion, libcoro, coro.pc and coro-cc
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/bin build/release/teller build/release/teller-load coro/coro-cc
	$(INSTALL_FILE)/share/man/man1 build/man/*.1
	$(INSTALL_FILE)/share/man/man3 build/man/*.3
	$(INSTALL_FILE)/share/bash-completion/completions build/completion/bash/*
	$(INSTALL_FILE)/share/zsh/site-functions build/completion/zsh/*
	$(INSTALL_FILE)/share/doc/teller LICENSE NEWS.md server/api/openapi.json
	$(INSTALL_FILE)/share/doc/teller/html build/docs/*
	$(INSTALL_FILE)/share/teller/monitoring $(filter-out %_test.yml,$(wildcard server/monitoring/*))
	$(INSTALL_FILE)/share/teller/proxies server/proxies/*
	$(INSTALL_FILE)/lib $(call libraries,release)
	install -m 644 build/release/libcoro.so $(DESTDIR)$(PREFIX)/lib/libcoro.so.$(VERSION)
	ln -sf libcoro.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/$(CORO_SONAME)
	ln -sf $(CORO_SONAME) $(DESTDIR)$(PREFIX)/lib/libcoro.so
	for kind in asan tsan; do for library in $(CORO_LIBRARIES); do \
	  install -m 644 build/$$kind/lib$$library.a $(DESTDIR)$(PREFIX)/lib/lib$$library-$$kind.a; done; done
	$(INSTALL_FILE)/include/coro $(call public_headers,coro)
	$(INSTALL_FILE)/include/coro/http $(call public_headers,coro/http)
	$(INSTALL_FILE)/include/coro/tls $(call public_headers,coro/tls)
	for pc in coro/coro.pc coro/http/coro-http.pc coro/tls/coro-tls.pc; do \
	  sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' $$pc.in >build/$${pc##*/}; done
	sed 's|^Name: coro|&-static|; s|-lcoro|-l:libcoro.a|' build/coro.pc >build/coro-static.pc
	$(INSTALL_FILE)/lib/pkgconfig $(patsubst %,build/%.pc,$(CORO_LIBRARIES) coro-static)
	$(INSTALL_FILE)/share/coro coro/coro-gdb.py
	$(INSTALL_FILE)/lib/systemd/system server/teller.service server/teller.socket
	sed -i 's|@PREFIX@|$(PREFIX)|' $(DESTDIR)$(PREFIX)/lib/systemd/system/teller.service

clients: build/node_modules/.for-e2e ## the Python and the TypeScript client, whole, in build/clients
	clients/build

clients-kills: deps-test build clients ## each of them killed 200 times, against a service that is killed, too
	@node tests/clients/run.js 200

deb: deps-deb ## Debian packages of the service and of libcoro, in build/deb
	packaging/deb

deb-test: deps-deb deps-fresh ## they are built, installed in a new Debian 12, upgraded and purged
	@tests/packaging/run

container-test: deps-deb deps-fresh ## packaging/Containerfile, step by step in new systems of Debian 12, without an engine
	@tests/packaging/container

clean: ## remove build/ (var/, where the money is, stays)
	rm -rf build

# teller: one non-recursive Makefile. `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := build
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

# --- how to compile: MODE is release, debug, asan or tsan -------------------------------------
MODE ?= release
CC := gcc
OBJ := build/$(MODE)

PACKAGES := libmicrohttpd libpq jansson libsodium
CPPFLAGS := -I. -D_GNU_SOURCE
CFLAGS_COMMON := -std=gnu17 -g -pthread -fno-omit-frame-pointer \
  -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
  -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wformat=2 -Wvla -Wimplicit-fallthrough \
  -Wdouble-promotion -Wframe-larger-than=4096
HARDENING := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection \
  -fcf-protection -fno-strict-overflow -ftrivial-auto-var-init=zero
CFLAGS_release := -O2 $(HARDENING)
CFLAGS_debug := -O0 -DCORO_DEBUG
CFLAGS_asan := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -DCORO_DEBUG
CFLAGS_tsan := -O1 -fsanitize=thread -DCORO_DEBUG
LDFLAGS_release := -Wl,-z,relro,-z,now,-z,noexecstack
LDFLAGS_asan := -fsanitize=address,undefined
LDFLAGS_tsan := -fsanitize=thread
CFLAGS = $(CFLAGS_COMMON) $(CFLAGS_$(MODE)) -fPIE
LDFLAGS = -pie -pthread $(LDFLAGS_$(MODE))
LDLIBS = $(shell pkg-config --libs $(1)) -lm

# --- what is made of what ---------------------------------------------------------------------
objects = $(patsubst %,$(OBJ)/%.o,$(basename $(foreach d,$(1),$(wildcard $(d)/*.c $(d)/*.S))))

CORO := $(call objects,coro)
LEDGER := $(call objects,ledger) $(OBJ)/embed/sql.o
SERVER := $(filter-out %/main.o,$(call objects,server)) $(OBJ)/embed/web.o
LOADTEST := $(filter-out %/main.o,$(call objects,loadtest))

PROGRAMS := build/teller build/teller-load
UNIT_TESTS := $(patsubst %,$(OBJ)/tests/test-%,coro ledger server loadtest)
SERVICE_TEST := $(OBJ)/tests/test-service

$(OBJ)/teller: $(OBJ)/server/main.o $(SERVER) $(LEDGER) $(CORO)
	$(CC) $(LDFLAGS) -o $@ $^ $(call LDLIBS,$(PACKAGES))
$(OBJ)/teller-load: $(OBJ)/loadtest/main.o $(LOADTEST) $(CORO)
	$(CC) $(LDFLAGS) -o $@ $^ -lm
$(OBJ)/tests/test-coro: $(call objects,tests tests/coro) $(CORO)
	$(CC) $(LDFLAGS) -o $@ $^ -lcunit -lm
$(OBJ)/tests/test-ledger: $(call objects,tests tests/ledger) $(LEDGER) $(CORO)
	$(CC) $(LDFLAGS) -o $@ $^ -lcunit $(call LDLIBS,libpq libsodium)
$(OBJ)/tests/test-server: $(call objects,tests tests/server) $(SERVER) $(LEDGER) $(CORO)
	$(CC) $(LDFLAGS) -o $@ $^ -lcunit $(call LDLIBS,$(PACKAGES))

$(OBJ)/tests/test-loadtest: $(call objects,tests tests/loadtest) $(LOADTEST) $(CORO)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lcunit -lm
# The program from outside: runs the teller that stands beside it in the same build.
$(OBJ)/tests/test-service: $(call objects,tests tests/service) $(LOADTEST) $(CORO) | $(OBJ)/teller
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lcunit -lm

$(OBJ)/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  CC $(MODE) $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -I/usr/include/postgresql -MMD -MP -c -o $@ $<
$(OBJ)/%.o: %.S Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -MMD -MP -c -o $@ $<
build/%: $(OBJ)/%
	cp -f $< $@.new && mv -f $@.new $@

# Files that the program carries in itself: sql/*.sql and web/*.
$(OBJ)/embed/sql.o: $(wildcard sql/*.sql)
$(OBJ)/embed/web.o: $(wildcard web/*) build/node_modules/.package-lock.json
$(OBJ)/embed/%.o: tools/embed.sh Makefile
	@mkdir -p $(@D)
	tools/embed.sh $* > $(OBJ)/embed/$*.c
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $(OBJ)/embed/$*.c

-include $(shell find build -name '*.d' 2>/dev/null)

# SPDX-License-Identifier: MIT
#
# A thin front: every target sets itself up (packages through tools/setup, build folders through
# Meson), says little when all is well, and leaves its output in build-log/ for when it is not.

PREFIX ?= /usr/local
FUZZ_SECONDS ?= 20
# `make check T=timer` runs only the tests whose name contains the word; bench and fuzz alike.
T ?=

QUIETLY = tools/quietly

.NOTPARALLEL:
.PHONY: all check demo run bench fuzz format doc install clean help

all: build/build.ninja
	@$(QUIETLY) compile ninja -C build lampyrid

build/build.ninja:
	@tools/setup build
	@$(QUIETLY) configure meson setup build --buildtype=release -Dtests=disabled

build-check/build.ninja:
	@$(QUIETLY) configure-check meson setup build-check -Db_sanitize=address,undefined \
		-Dbuildtype=debugoptimized -Dtests=enabled

build-fuzz/build.ninja:
	@CC=clang $(QUIETLY) configure-fuzz meson setup build-fuzz -Dfuzz=true -Dtests=disabled \
		-Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized \
		-Dc_args=-fsanitize=fuzzer-no-link

check:
	@tools/setup build check
	@$(MAKE) -s build-check/build.ninja
	@$(QUIETLY) compile-check ninja -C build-check
	@tools/run-checks build-check $(T)

demo: all
	@tools/demo

run: all
	@build/lampyrid serve -c config/lampyrid.yaml

# Without Kamailio the server is measured alone, and says so.
bench: build/build.ninja
	@tools/setup bench || true
	@$(QUIETLY) compile-bench ninja -C build bench lampyrid
	@tools/run-bench build $(T)

fuzz:
	@tools/setup build fuzz
	@$(MAKE) -s build-fuzz/build.ninja
	@$(QUIETLY) compile-fuzz ninja -C build-fuzz fuzz
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tools/run-fuzz build-fuzz $(T)

format:
	@tools/setup format
	@tools/check-format --fix

doc:
	@tools/setup build
	@tools/make-rfc-table

install: all
	@$(QUIETLY) configure-install meson configure build -Dprefix=$(PREFIX)
	@$(QUIETLY) compile ninja -C build lampyrid
	@$(QUIETLY) install meson install -C build --no-rebuild
	@echo "installed below $(DESTDIR)$(PREFIX)"

clean:
	rm -rf build build-*

help:
	@echo "make          build/lampyrid (release)"
	@echo "make check    all tests, sanitized; T=word runs some"
	@echo "make demo     a pick-up between three phones, on loopback"
	@echo "make run      the server with config/lampyrid.yaml"
	@echo "make bench    operations, then calls and lamps beside Kamailio; T=lamps runs some"
	@echo "make fuzz     each target for FUZZ_SECONDS ($(FUZZ_SECONDS)); T=word fuzzes some"
	@echo "make format   clang-format on all sources;  make doc   doc/rfc.md anew"
	@echo "make install  PREFIX ($(PREFIX)), DESTDIR;    make clean"

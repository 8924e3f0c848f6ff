# Sallyport. `make` alone lists what there is to do.
#
# Node 26 comes with the packages, whatever the machine has: everything here runs with node_modules/.bin first on PATH.

export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

# npm writes RUNNABLE at the end of every install; COMPLETE is there where the development packages are too.
RUNNABLE := node_modules/.package-lock.json
COMPLETE := node_modules/vitest/package.json
NPM_CI := npm ci --loglevel=error

.DEFAULT_GOAL := help
.PHONY: help run test check policies bench soak tools docs console screenshots fresh clean

help: ## list these targets
	@while IFS= read -r line; do case "$$line" in [a-z]*:*'## '*) \
	  printf '  make %-11s %s\n' "$${line%%:*}" "$${line#*## }";; esac; done < Makefile

run: $(RUNNABLE) ## start a gateway to try, with a stand-in of Claude, on this host only
	@node src/main.ts dev $(ARGS)

test: $(COMPLETE) ## run every test, or ARGS=test/mask; the last line counts them
	@vitest run $(ARGS)

check: $(COMPLETE) ## types, lint, the import rule and the size of files
	@tsc -p . && tsc -p src/console/web && biome check . && node tools/check/main.ts

policies: $(COMPLETE) ## check, test and build the policy bundle (SIGN=<key file> signs it)
	@node tools/policies/build.ts

bench: $(COMPLETE) ## measure the gateway against a bare relay, protection switched on
	@node test/bench/main.ts $(ARGS)

soak: $(COMPLETE) ## an agent that gives up once before its approver comes: 12 to 15 minutes (ARGS=--short: half a minute)
	@node test/soak/main.ts $(ARGS)

tools: $(RUNNABLE) ## get opa, regal and bao: from PATH, or built by Go
	@node tools/build.ts

docs: $(RUNNABLE) ## write the reference pages that come from the code
	@node tools/docs.ts

console: $(COMPLETE) ## build what the console serves; the result is committed
	@node tools/console/build.ts

screenshots: $(COMPLETE) ## renew the pictures of the console in docs/images (needs Chromium)
	@node test/console/screenshots.ts

fresh: $(COMPLETE) ## prove that a fresh clone runs and passes with node, npm, git and make alone
	@node tools/fresh.ts $(ARGS)

clean: ## remove what was installed; state in .sallyport stays
	rm -rf node_modules coverage

$(COMPLETE): package-lock.json
	@$(NPM_CI)
	@touch $(RUNNABLE) $@

# Only what running needs, but an install that has more keeps it.
$(RUNNABLE): package-lock.json
	@if [ -e $(COMPLETE) ]; then $(NPM_CI) && touch $(COMPLETE); else $(NPM_CI) --omit=dev; fi
	@touch $@

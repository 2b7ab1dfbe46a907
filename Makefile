# The commands that people and CI use. `make help` lists them.
#
# dev, build and test-short need Go alone. The others also need npm: Node 22, workerd and wrangler come from
# tests/package-lock.json.

GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.9.0
VULNDB ?= https://vuln.go.dev
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
PORT ?= 8787
# What compiles to Wasm: the SDK, the application, and the programs of the tests.
WASM = ./workers/... ./durables/... ./internal/abi/... ./internal/codec/... ./internal/guest/... ./internal/sqlvalue/... \
	./tests/hello ./tests/session/app ./tests/session/auth ./tests/grove/app ./tests/grovebench/plain ./tests/conformance/app ./tests/stress/app ./tests/crash/app ./tests/bench/app ./tests/inspector/app
FUZZTIME ?= 20s
# The packages whose tests take longest begin first, so that none of them is the last that everybody waits for. One more than there are processors
# runs at a time, because they wait for processes and for real time. Lint has vetted them.
SLOW = ./tests/e2e ./cmd/lattice ./tests/syumai ./tests/grove ./tests/deploy ./tests/stress ./local-runtime ./tests/templates ./tests/simulation ./tests/session ./tests/crash
GOTEST = go test -count=1 -vet=off -p $$(($$(getconf _NPROCESSORS_ONLN) + 1))

.PHONY: help dev build test test-short conformance bench grove-bench screenshots lint vulncheck fuzz npm browser release-check clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

dev: .dev.vars ## serve Grove with demo data on http://localhost:8787, and a sign-in provider for development
	go build -o bin/ ./cmd/lattice ./tests/demo/cmd/demo
	bin/demo -domain localhost:$(PORT) -sql .lattice/demo.sql -notice .lattice/notice.txt
	bin/lattice dev --port $(PORT) --var GROVE_DOMAIN:localhost:$(PORT) --d1-seed DB=.lattice/demo.sql --notice .lattice/notice.txt \
		--sidecar "go run ./tests/devoidc/cmd/devoidc" $(DEVFLAGS)

.dev.vars:
	go run ./tests/devoidc/cmd/devoidc -write-vars .dev.vars -domain localhost:$(PORT)

build: ## write build/dist for Cloudflare
	go run ./cmd/lattice build

test: lint npm browser ## everything that CI runs
	$(GOTEST) -timeout 20m $(SLOW) ./...
	$(MAKE) --no-print-directory conformance

test-short: ## what needs neither workerd nor a browser
	go vet ./...
	$(GOTEST) -short $$(go list -f '{{.ImportPath}} {{join .Imports " "}} {{join .TestImports " "}} {{join .XTestImports " "}}' $(SLOW) ./... | grep -vE 'lattice/tests/workerd|chromedp/chromedp' | cut -d' ' -f1)

conformance: npm ## compare Go on workerd and on the local host with JavaScript on workerd
	go run ./tests/conformance

bench: npm ## measure side by side; takes minutes, on an otherwise idle machine
	go run ./tests/bench

grove-bench: npm ## measure what Grove's objects save, beside D1 alone; writes docs/grove/promises.md
	go run ./tests/grovebench -o docs/grove/promises.md

screenshots: browser ## take the pictures of docs/images anew
	go run ./tests/gallery

lint: ## gofmt, vet for both targets, staticcheck
	@unformatted=$$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -l); \
	if [ -n "$$unformatted" ]; then echo "run gofmt -w on:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	GOOS=js GOARCH=wasm go build -o /dev/null $(WASM)
	GOOS=js GOARCH=wasm go vet $$(GOOS=js GOARCH=wasm go list -f '{{if not .XTestGoFiles}}{{.ImportPath}}{{end}}' $(WASM))
	go run $(STATICCHECK) ./...

vulncheck: ## look up known vulnerabilities of what is called; needs the network, or VULNDB=file:///folder/of/osv/files
	GOBIN=$(CURDIR)/bin go install $(GOVULNCHECK)
	bin/govulncheck -db $(VULNDB) ./...
	GOOS=js GOARCH=wasm bin/govulncheck -db $(VULNDB) $(WASM)

fuzz: ## fuzz every decoder for $(FUZZTIME)
	@grep -rlE '^func Fuzz' --include='*_test.go' --exclude-dir=node_modules . | while read -r file; do \
		for name in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9_]+).*/\1/p' "$$file"); do \
			echo "$$name in $$(dirname "$$file")"; \
			go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "$$(dirname "$$file")" || exit 1; \
		done; \
	done

npm: tests/node_modules/.package-lock.json

tests/node_modules/.package-lock.json: tests/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: install Node.js with npm, which fetches workerd and wrangler for the tests"; exit 1; }
	cd tests && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

# The browser test drives Chromium. Where this is root on Debian it is installed, elsewhere that is the user's to do.
browser:
	@if ! command -v chromium >/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq </dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium </dev/null; \
		else \
			echo "Chromium is missing, which the browser test drives: install the package chromium, or run make test-short"; exit 1; \
		fi; \
	fi

release-check: ## all that a release wants, docs/release.md: make release-check VERSION=v0.2.0
	@echo "$(VERSION)" | grep -qE '^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$$' || { echo "say which version: make release-check VERSION=v0.2.0"; exit 1; }
	@test -z "$$(git status --porcelain)" || { echo "commit or remove what is not committed:"; git status --short; exit 1; }
	@! git rev-parse -q --verify "refs/tags/$(VERSION)" >/dev/null || { echo "there is a tag $(VERSION) already: a tag is never moved"; exit 1; }
	@grep -qE '^## $(subst .,\.,$(VERSION:v%=%)) - [0-9]{4}-[0-9]{2}-[0-9]{2}$$' CHANGELOG.md || { echo "CHANGELOG.md has no heading: ## $(VERSION:v%=%) - $$(date +%F)"; exit 1; }
	go mod tidy -diff
	go run ./tests/licenses && git diff --exit-code docs/licenses.md
	$(MAKE) --no-print-directory vulncheck
	$(MAKE) --no-print-directory test

clean: ## remove what was built and what lattice dev has stored
	rm -rf build/dist bin .lattice

# Every target is a line you could type yourself. Tools are pinned and run
# with `go run module@version`, so nothing has to be installed but Go.

STATICCHECK = go run honnef.co/go/tools/cmd/staticcheck@v0.8.2
BENCHSTAT   = go run golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da

SEEDS = 1-10000
ABLATE = 30
REPEAT = 20
SWARM = 1000
T     = 30s
N     = 6
FOR   = 5m
ROUNDS = 5
ZK    = embedded

.DEFAULT_GOAL := help
.PHONY: help abstract ablation corpus shrink-table build demo test check fmt vet det lint race twice sweep timelines mutants mutants-table defects bench bench-zk bench-diff explore-bench golden fuzz live foreign cover zookeeper clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

build: ## bin/simctl and bin/detlint
	go build -o bin/ ./cmd/...

demo: build ## the main job, told as a story, and a latency plot in out/latency (Go only)
	bin/simctl replay 42 -o out/demo
	bin/simctl latency failover/kill --seeds=1-200 -o out/latency

# One package at a time: live clusters need the machine for themselves.
test: zookeeper ## every test, real ZooKeeper included
	@if test -e /usr/share/java/zookeeper.jar; then export SIMCTL_REQUIRE_ZK=1; fi; go build ./... && go vet ./... && go test -p 1 ./...

check: fmt vet det lint ## what a commit must pass, besides the tests
	go test -short . ./cmd/detlint

fmt: ## fail if gofmt would change a file
	@out=$$(gofmt -l $$(git ls-files '*.go' | grep -v /testdata/)); test -z "$$out" || { echo "gofmt would change:"; echo "$$out"; exit 1; }

vet: ## go vet
	go vet ./...

det: ## refuse what makes two runs of one seed differ
	go build -o bin/detlint ./cmd/detlint
	go vet -vettool=bin/detlint ./...

lint: ## staticcheck, pinned
	$(STATICCHECK) ./...

race: ## every test under the race detector
	go test -race ./...

twice: build ## every scenario on seeds 1-60 with one core, two, and the race detector: the same bytes; seeds survive edits
	.ci/twice

abstract: ## every counted size of the abstract protocol by the explorer, and by TLC if JAR names tla2tools.jar
	SIMCTL_ABSTRACT=100000000 go test -timeout 60m -v -run TheEngineCounts ./checker/protocol
	$(if $(JAR),model/abstract/tlc $(JAR))

sweep: build ## look for violations: SEEDS=1-10000
	bin/simctl sweep --seeds=$(SEEDS)

ablation: ## hardened with one switch off at a time: what breaks, into docs/ablation.md; goes on where it was interrupted
	SIMCTL_ABLATE=$(ABLATE) go test -count=1 -timeout 0 -v -run AblationIsTrue .

SHOT = chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --virtual-time-budget=4000

timelines: build ## the pictures of timelines in docs (Chromium)
	bin/simctl run defect/D-03-late-write --policy=spark -q -o out/docs
	bin/simctl run failover/two-masters --seed=6 -q -o out/docs
	$(SHOT) --window-size=1400,1010 --screenshot=docs/timeline-d03-1400.png file://$(CURDIR)/out/docs/defect-D-03-late-write-1/timeline.html
	$(SHOT) --window-size=800,1100 --screenshot=docs/timeline-d03-800.png file://$(CURDIR)/out/docs/defect-D-03-late-write-1/timeline.html
	$(SHOT) --window-size=1200,850 --screenshot=docs/failover.png file://$(CURDIR)/out/docs/failover-two-masters-6/timeline.html

mutants: ## plant each known mistake and see it caught
	scenarios/mutants/run

corpus: ## run the minimal world of every failure ever found, on its seed and 20 others, and say what has become of it
	SIMCTL_CORPUS=20 go test -count=1 -timeout 0 -run TheCorpusIsWhatItSays ./reproducer
	git diff --stat -- scenarios/corpus

mutants-table: ## how long each strategy of sweep takes to see each mutant, REPEAT=20 times; goes on where it was interrupted
	scenarios/mutants/run strategies $(REPEAT)

shrink-table: ## what swarm finds of the known defects, made minimal, into docs/shrink.md; goes on where it was interrupted
	SIMCTL_SHRINK=$(SWARM) go test -count=1 -timeout 0 -v -run ShrinkTableIsTrue ./reproducer

defects: ## run every known defect, with and without its remedy, and write docs/spark-defects.md and docs/zookeeper-defects.md
	SIMCTL_UPDATE=1 go test -count=1 -run Defects .
	git diff --stat -- docs

bench: build ## kernel, world and judges against the bare loop; go test's benchmarks into out/bench
	bin/simctl bench
	mkdir -p out/bench
	go test -run '^$$' -bench . -count=$(N) ./... >out/bench/$$(git rev-parse --short HEAD).txt

bench-zk: build zookeeper ## simctl zk beside Debian's ZooKeeper, in pairs; goes on where it was interrupted
	bin/simctl bench zk --file=out/bench/zk.jsonl
	bin/simctl bench zk --no-sync --file=out/bench/zk.jsonl

bench-diff: ## benchstat of the benchmarks of two commits: OLD=out/bench/a.txt NEW=out/bench/b.txt
	$(BENCHSTAT) $(OLD) $(NEW)

explore-bench: ## exploration beside a search by hand, SPIN and TLC (SIMCTL_TLC=tla2tools.jar): ROUNDS=5, into docs; goes on where it was interrupted
	SIMCTL_EXPLORE_BENCH=$(ROUNDS) go test -count=1 -timeout 0 -v -run BenchIsWhatItSays ./checker/explore/lock

golden: ## rewrite golden files; commit only the changes you understand
	go test $$(git grep -l cockroachdb/datadriven -- '*_test.go' | xargs -n1 dirname | sort -u | sed 's|^|./|') -rewrite
	SIMCTL_UPDATE=1 go test -run "Scripts|Readme|Fingerprints" . ./cmd/simctl
	git diff --stat

fuzz: ## every Fuzz function for T=30s
	@git grep -o '^func Fuzz[A-Za-z0-9]*' -- '*_test.go' | sed 's|/[^/]*:func | |' | while read d f; do \
	  go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(T) "./$$d" || exit 1; done

live: build $(if $(filter debian,$(ZK)),zookeeper) ## the same code as processes under real faults: FOR=5m ZK=embedded (or debian, or HOST:PORT,...)
	bin/simctl soak --zk=$(ZK) --for=$(FOR) -o out/soak

foreign: build ## suites of other clients of ZooKeeper against simctl zk, into sim/zk/foreign/RESULTS.md: S="kazoo node"
	sim/zk/foreign/run $(S)

cover: ## how much of impl the scenarios reach by themselves
	rm -rf out/cover && mkdir -p out/cover
	go build -cover -coverpkg=./impl/... -o bin/simctl-cover ./cmd/simctl
	GOCOVERDIR=out/cover bin/simctl-cover sweep --seeds=1-20 --strategy=random -q
	go tool covdata percent -i=out/cover

zookeeper: ## install ZooKeeper if this is Debian and we are root
	@if test -e /usr/share/java/zookeeper.jar; then :; \
	elif test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then apt-get update -qq && apt-get install -qq -y --no-install-recommends zookeeper >/dev/null; \
	else echo "ZooKeeper is not installed: the tests that need it are skipped (Debian: apt-get install zookeeper)"; fi

clean: ## remove bin and out
	rm -rf bin out

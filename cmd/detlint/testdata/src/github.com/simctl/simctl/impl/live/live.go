package live

import (
	"sync"
	"time"

	"github.com/simctl/simctl/impl/host"
)

var mu sync.Mutex

func now(a, b host.Mono) (time.Time, bool) { return time.Now(), a < b }

/* want `//det:allow excuses nothing` */ //det:allow nothing is refused in this package
var zero = 0

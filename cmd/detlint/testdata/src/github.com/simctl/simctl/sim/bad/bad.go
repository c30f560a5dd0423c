package bad

import "time"

func wait() { <-time.After(1) } // want `time.After: start a timer`

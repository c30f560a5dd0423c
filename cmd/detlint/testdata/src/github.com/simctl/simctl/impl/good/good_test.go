package good

import "time"

// Tests may use what they like.
func now() time.Time {
	for range map[int]int{1: 1} {
	}
	return time.Now()
}

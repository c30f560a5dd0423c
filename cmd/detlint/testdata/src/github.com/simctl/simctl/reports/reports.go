package reports

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

func wall(m map[string]time.Time) {
	for k := range m { // want `range over map`
		fmt.Println(k, time.Now())
	}
	for range slices.Sorted(maps.Keys(m)) {
	}
	fmt.Println(slices.Collect(maps.Keys(m))) // want `maps.Keys: order differs`
	fmt.Printf("%p", m)                       // want `%p: addresses`
	go wall(nil)
}

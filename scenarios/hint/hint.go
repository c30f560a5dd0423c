// Package hint finds the name that somebody meant who wrote another.
package hint

// For returns "; did you mean X?" if one of the names is near, and otherwise
// what is said instead.
func For(word string, names []string, otherwise string) string {
	best, bestAt := "", 1+max(1, len(word)/3)
	for _, n := range names {
		if d := Distance(word, n); d < bestAt {
			best, bestAt = n, d
		}
	}
	if best == "" && otherwise != "" {
		return "; " + otherwise
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// Distance is the number of bytes to insert, delete, replace or swap with
// their neighbour that turn a into b.
func Distance(a, b string) int {
	if len(a) > 100 {
		return len(a)
	}
	before, above := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above = above, row
	}
	return above[len(b)]
}

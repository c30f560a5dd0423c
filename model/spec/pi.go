package spec

// PointsPerTask is how many columns of the lattice a task of a pi job counts.
const PointsPerTask = 100

// Pi is what a pi job of n tasks in all must find: how many points (x, y) of a
// square lattice of n times PointsPerTask a side, from 0 on, are closer to its
// corner than a side is long. Four times that, divided by the square of a side,
// is about pi.
func Pi(n int64) int64 {
	side := n * PointsPerTask
	sum, y := int64(0), int64(0)
	for x := side - 1; x >= 0; x-- { // the lower x, the higher the last y
		for y < side && x*x+y*y < side*side {
			y++
		}
		sum += y
	}
	return sum
}

// Package span is durations as scenarios write them.
package span

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Text prints d in the largest unit that it fills, exactly: "12.4s",
// "200us", "60s". Minutes are not used, so that times compare at a glance.
func Text(d time.Duration) string {
	if d < 0 {
		return "-" + Text(-d)
	}
	switch {
	case d >= time.Second:
		return decimal(d, time.Second, 9) + "s"
	case d >= time.Millisecond:
		return decimal(d, time.Millisecond, 6) + "ms"
	case d >= time.Microsecond:
		return decimal(d, time.Microsecond, 3) + "us"
	case d == 0:
		return "0s"
	}
	return strconv.FormatInt(int64(d), 10) + "ns"
}

func decimal(d, unit time.Duration, digits int) string {
	whole, part := d/unit, d%unit
	if part == 0 {
		return strconv.FormatInt(int64(whole), 10)
	}
	b := strconv.AppendInt(make([]byte, 0, 24), int64(whole), 10)
	b = append(b, '.')
	for ; part > 0 && digits > 0; digits-- {
		part *= 10
		b = append(b, '0'+byte(part/unit))
		part %= unit
	}
	return string(b)
}

// maxDuration keeps sums of times far from overflow.
const maxDuration = 1000 * time.Hour

// Parse reads what [Text] prints, and every other text of a duration with units,
// as "1m30s". It fails for one without a unit, and for a longer one than 1000 hours.
func Parse(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	switch {
	case err != nil && text != "" && strings.Trim(text, "0123456789.") == "":
		return 0, fmt.Errorf("the duration %q has no unit; want ns, us, ms, s, m or h", text)
	case err != nil:
		return 0, fmt.Errorf("%q is no duration; want one as 200us, 2ms or 12.4s", text)
	case d > maxDuration || d < -maxDuration:
		return 0, fmt.Errorf("the duration %s is longer than %s", text, maxDuration)
	}
	return d, nil
}

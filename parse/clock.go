package parse

import (
	"math"
	"strconv"
	"time"
)

// A Clock reads the dates and times of a log, whose lines mostly share a day.
// The zero value is ready to use. It is not safe for concurrent use.
type Clock struct {
	text [10]byte
	day  time.Time
}

// Parse reads "yyyy-mm-dd" and "hh:mm:ss", with or without a fraction, as UTC.
func (c *Clock) Parse(date, clock []byte) (time.Time, bool) {
	if len(date) != 10 || len(clock) < 8 || clock[2] != ':' || clock[5] != ':' {
		return time.Time{}, false
	}
	if c.day.IsZero() || string(date) != string(c.text[:]) {
		day, err := time.Parse(time.DateOnly, string(date))
		if err != nil {
			return time.Time{}, false
		}
		copy(c.text[:], date)
		c.day = day
	}
	h, ok1 := two(clock[0], clock[1])
	m, ok2 := two(clock[3], clock[4])
	s, ok3 := two(clock[6], clock[7])
	if !ok1 || !ok2 || !ok3 || h > 23 || m > 59 || s > 60 {
		return time.Time{}, false
	}
	d := time.Duration(h*3600+m*60+s) * time.Second
	if len(clock) > 9 && (clock[8] == '.' || clock[8] == ',') {
		unit := time.Second / 10
		for _, b := range clock[9:] {
			if b < '0' || b > '9' || unit == 0 {
				break
			}
			d += time.Duration(b-'0') * unit
			unit /= 10
		}
	}
	return c.day.Add(d), true
}

func two(a, b byte) (int, bool) {
	if a < '0' || a > '9' || b < '0' || b > '9' {
		return 0, false
	}
	return int(a-'0')*10 + int(b-'0'), true
}

// Moment reads a date in one of the layouts of package time, or seconds since
// 1970, as UTC; zero if it is neither.
func Moment(s string, layouts []string) time.Time {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	if sec, err := strconv.ParseFloat(s, 64); err == nil && sec > 0 && sec < 1e11 {
		whole, part := math.Modf(sec)
		return time.Unix(int64(whole), int64(part*1e6)*1000).UTC()
	}
	return time.Time{}
}

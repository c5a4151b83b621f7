//go:build !unix

package main

import "time"

func peakRSS() int64 { return 0 }

func cpuBelow(int) time.Duration { return 0 }

//go:build race && linux

package process_test

func init() { raceDetector = true }

//go:build !linux

package hub_test

import "errors"

func mount(string, string) error { return errors.ErrUnsupported }

func unmount(string) {}

//go:build unix

package agent

import "os"

// Home is the folder of a collector.
func Home() string {
	if dir := os.Getenv("STATE_DIRECTORY"); dir != "" { // systemd
		return dir
	}
	return "/var/lib/limier"
}

// private makes a folder for its owner alone.
func private(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.Chmod(dir, 0o700)
}

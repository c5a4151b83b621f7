package agent

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// LowPriority makes this process, and its reading from disk, give way to all
// others.
func LowPriority() error {
	const background = 0x00100000 // PROCESS_MODE_BACKGROUND_BEGIN
	p := windows.CurrentProcess()
	if err := windows.SetPriorityClass(p, background); err == nil {
		return nil
	}
	return windows.SetPriorityClass(p, windows.IDLE_PRIORITY_CLASS)
}

// Home is the folder of a collector.
func Home() string {
	dir := os.Getenv("ProgramData")
	if dir == "" {
		dir = `C:\ProgramData`
	}
	return filepath.Join(dir, "Limier")
}

// private makes a folder for the system and administrators alone: what lies in
// ProgramData can otherwise be read by everybody.
func private(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	sd, err := windows.SecurityDescriptorFromString("D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)")
	if err != nil {
		return err
	}
	dacl, _, err := sd.DACL()
	if err != nil {
		return err
	}
	return windows.SetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, dacl, nil)
}

package agent

import (
	"errors"
	"os"
	"os/exec"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"
)

// TestCapped: a process that bounded itself cannot commit more, and its job has
// the rate. Wine 8 takes the bound of memory and does not enforce it, and
// refuses the rate: there only the calls are tested.
func TestCapped(t *testing.T) {
	if os.Getenv("LIMIER_TEST_CAPPED") == "" {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestCapped$", "-test.v")
		cmd.Env = append(os.Environ(), "LIMIER_TEST_CAPPED=1")
		out, err := cmd.CombinedOutput()
		if t.Logf("%s", out); err != nil {
			t.Fatal(err)
		}
		return
	}
	wine := windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil
	if _, err := enterJob(256<<20, 0); err != nil {
		t.Fatal(err)
	}
	job, err := enterJob(0, 50) // a job in a job
	if wine && errors.Is(err, windows.ERROR_INVALID_PARAMETER) {
		t.Log("Wine:", err)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	var rate cpuRate
	if err := windows.QueryInformationJobObject(job, windows.JobObjectCpuRateControlInformation, uintptr(unsafe.Pointer(&rate)), uint32(unsafe.Sizeof(rate)), nil); err != nil || rate != rateOf(50) {
		t.Errorf("%+v, %v", rate, err)
	}
	if wine {
		return
	}
	if _, err := windows.VirtualAlloc(0, 512<<20, windows.MEM_RESERVE|windows.MEM_COMMIT, windows.PAGE_READWRITE); err == nil {
		t.Error("committed 512 MiB of 256")
	}
}

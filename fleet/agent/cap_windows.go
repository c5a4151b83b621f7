package agent

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"
)

// capped lets this process commit no more than these bytes of memory, and use
// no more than these percent of one core, from now on; 0 means no bound.
func capped(memory int64, cpu int) error {
	_, err := enterJob(memory, cpu) // the job lives as long as the process does
	return err
}

// enterJob puts this process into a job of its own. That job may stand in
// another since Windows 8 and Server 2012.
func enterJob(memory int64, cpu int) (job windows.Handle, err error) {
	if job, err = windows.CreateJobObject(nil, nil); err != nil {
		return 0, fmt.Errorf("making a job: %w", err)
	}
	if err := windows.AssignProcessToJobObject(job, windows.CurrentProcess()); err != nil {
		return 0, errors.Join(fmt.Errorf("entering a job: %w", err), windows.CloseHandle(job))
	}
	if memory > 0 {
		limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{ProcessMemoryLimit: uintptr(memory)}
		limits.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_PROCESS_MEMORY
		if e := limit(job, windows.JobObjectExtendedLimitInformation, &limits); e != nil {
			err = fmt.Errorf("bounding the memory: %w", e)
		}
	}
	if cpu > 0 {
		rate := rateOf(cpu)
		if e := limit(job, windows.JobObjectCpuRateControlInformation, &rate); e != nil {
			err = errors.Join(err, fmt.Errorf("bounding the processor time: %w", e))
		}
	}
	return job, err
}

func limit[T any](job windows.Handle, class uint32, info *T) error {
	_, err := windows.SetInformationJobObject(job, class, uintptr(unsafe.Pointer(info)), uint32(unsafe.Sizeof(*info)))
	return err
}

// cpuRate is JOBOBJECT_CPU_RATE_CONTROL_INFORMATION: its rate is in hundredths
// of a percent of all processors together
// (https://learn.microsoft.com/windows/win32/api/winnt/ns-winnt-jobobject_cpu_rate_control_information).
type cpuRate struct{ Flags, Rate uint32 }

func rateOf(cpu int) cpuRate {
	const enable, hardCap = 1, 4
	return cpuRate{enable | hardCap, uint32(max(1, cpu*100/runtime.NumCPU()))}
}

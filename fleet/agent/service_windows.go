package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"
)

// serviceName is how Windows knows the collector.
const serviceName = "limier"

// serviceCommands install the collector as a service, remove it, and are what
// the service itself runs.
func serviceCommands(j *agentJob) []*cobra.Command {
	install := &cobra.Command{
		Use:   "install",
		Short: "Run the collector as a Windows service from now on",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := j.check()
			if err == nil {
				j.dir, err = filepath.Abs(j.dir) // the service starts in another folder
			}
			if err == nil {
				_, err = OpenClient(j.dir, time.Now)
			}
			if err != nil {
				return err
			}
			if err := installService(j, strings.Fields(cmd.Parent().CommandPath())[1:]); errors.Is(err, windows.ERROR_SERVICE_EXISTS) {
				return fmt.Errorf("%w; to install it anew, remove it first: identity and spool stay", err)
			} else if err != nil {
				return asAdministrator(err)
			}
			fmt.Fprintln(cmd.OutOrStdout(), "the service limier runs; its log is in", filepath.Join(j.dir, "agent.log"))
			return nil
		},
	}
	install.Flags().BoolVar(&j.allow, "allow-files", false, "let the hub ask for single files that a case names")
	install.Flags().DurationVar(&j.every, "every", 24*time.Hour, "time between scans")
	install.Flags().DurationVar(&j.jitter, "jitter", time.Hour, "submit later by up to this, at random")
	install.Flags().IntVar(&j.cpu, "cpu", 50, "use at most this `PERCENT` of one core")
	install.Flags().IntVar(&j.memory, "memory", 112, "keep the memory near this many `MiB`, and never above four times as much")
	remove := &cobra.Command{
		Use:   "remove",
		Short: "Stop and remove the Windows service; identity and spool stay",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := removeService(); err != nil {
				return asAdministrator(err)
			}
			fmt.Fprintln(cmd.OutOrStdout(), "the service limier is gone; what it kept is in", j.dir)
			return nil
		},
	}
	service := &cobra.Command{
		Use:    "service",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			j.logFile = filepath.Join(j.dir, "agent.log")
			if err := svc.Run(serviceName, handler{j}); err != nil {
				return fmt.Errorf("this is what the service runs, use install: %w", err)
			}
			return nil
		},
	}
	service.Flags().AddFlagSet(install.Flags())
	return []*cobra.Command{install, remove, service}
}

// installService installs this program as a service; path is the command that
// stands before its own.
func installService(j *agentJob, path []string) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	m, err := mgr.Connect()
	if err != nil {
		return fmt.Errorf("asking the service manager: %w", err)
	}
	defer m.Disconnect()
	args := append(path, "service", "--dir", j.dir, "--every", j.every.String(), "--jitter", j.jitter.String(), "--cpu", fmt.Sprint(j.cpu), "--memory", fmt.Sprint(j.memory))
	if j.allow {
		args = append(args, "--allow-files")
	}
	s, err := m.CreateService(serviceName, exe, mgr.Config{
		DisplayName: "Limier collector", Description: "Reads this server's logs and web folders for traces of a break-in and submits what it found to the hub.",
		StartType: mgr.StartAutomatic,
	}, args...)
	if err != nil {
		return fmt.Errorf("installing the service: %w", err)
	}
	defer s.Close()
	restart := []mgr.RecoveryAction{{Type: mgr.ServiceRestart, Delay: time.Minute}, {Type: mgr.ServiceRestart, Delay: 10 * time.Minute}, {Type: mgr.ServiceRestart, Delay: time.Hour}}
	if err := s.SetRecoveryActions(restart, 24*60*60); err != nil {
		return fmt.Errorf("installing the service: %w", err)
	}
	if err := s.Start(); err != nil {
		return fmt.Errorf("the service limier is installed and starts with Windows, but not now: %w", err)
	}
	return nil
}

// asAdministrator says what to do about a refusal.
func asAdministrator(err error) error {
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return fmt.Errorf("%w; run it as administrator", err)
	}
	return err
}

func removeService() error {
	m, err := mgr.Connect()
	if err != nil {
		return fmt.Errorf("asking the service manager: %w", err)
	}
	defer m.Disconnect()
	s, err := m.OpenService(serviceName)
	if err != nil {
		return fmt.Errorf("there is no service limier: %w", err)
	}
	defer s.Close()
	if _, err := s.Control(svc.Stop); err != nil && !errors.Is(err, errNotActive) {
		return fmt.Errorf("stopping the service: %w", err)
	}
	if err := s.Delete(); err != nil {
		return fmt.Errorf("removing the service: %w", err)
	}
	return nil
}

// errNotActive is ERROR_SERVICE_NOT_ACTIVE: it is stopped already.
const errNotActive = windows.ERROR_SERVICE_NOT_ACTIVE

// A handler runs the collector as the service manager says.
type handler struct{ j *agentJob }

// Execute is called by the service manager.
func (h handler) Execute(_ []string, requests <-chan svc.ChangeRequest, status chan<- svc.Status) (specific bool, code uint32) {
	status <- svc.Status{State: svc.StartPending}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- h.j.run(ctx, os.Stderr) }()
	status <- svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown}
	for {
		select {
		case err := <-ended:
			if err != nil {
				h.j.tell(err)
				return true, 1
			}
			return false, 0
		case r := <-requests:
			switch r.Cmd {
			case svc.Interrogate:
				status <- r.CurrentStatus
			case svc.Stop, svc.Shutdown:
				status <- svc.Status{State: svc.StopPending}
				cancel()
				<-ended
				return false, 0
			}
		}
	}
}

// tell writes why the service ended to its log: there is nobody else to tell.
func (j *agentJob) tell(err error) {
	f, e := openLog(j.logFile, maxLog)
	if e != nil {
		return
	}
	defer f.Close()
	slog.New(slog.NewTextHandler(f, nil)).Error("the collector ended", "error", err)
}

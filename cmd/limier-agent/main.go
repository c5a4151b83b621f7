// Command limier-agent is `limier agent` alone: the collector of a fleet, small
// enough to be rolled out to every server.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"time"

	"limier/acquire"
	"limier/builtin"
	"limier/evidence"
	"limier/fleet/agent"
	"limier/publish"
	"limier/scan"
	"limier/sigma"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main without the process around it. It returns 2 if the job could not
// be done, as limier does.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	cmd := agent.Command(agent.Build{
		Open: open, Rules: rules,
		Scan: scan.Config{Version: version(), Parsers: builtin.Parsers(), Languages: builtin.Languages(), Detectors: builtin.Detectors()},
	})
	named := func(s string) string { return strings.ReplaceAll(s, "limier agent", "limier-agent") }
	cmd.Use, cmd.Long, cmd.Example = "limier-agent", named(cmd.Long), named(cmd.Example)
	cmd.Version = version()
	cmd.SetVersionTemplate("limier-agent {{.Version}}\n")
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.CompletionOptions.HiddenDefaultCmd = true
	cmd.SetArgs(args)
	cmd.SetIn(stdin)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	switch err := cmd.ExecuteContext(ctx); {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "limier-agent: interrupted")
	default:
		fmt.Fprintln(stderr, "limier-agent:", named(err.Error()))
	}
	return 2
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

func open(ctx context.Context, path string) (evidence.Source, io.Closer, error) {
	if path == "" {
		return acquire.Live(ctx, time.Now(), acquire.Config{})
	}
	return acquire.Open(ctx, path, acquire.Config{})
}

func rules(dirs []string, stderr io.Writer) (*sigma.Engine, error) {
	all, errs := builtin.Rules()
	for _, dir := range dirs {
		if _, err := os.Stat(dir); err != nil {
			return nil, err
		}
		errs = append(errs, all.Read(os.DirFS(dir))...)
	}
	engine, more := sigma.Compile(all, sigma.Config{})
	for _, e := range append(errs, more...) {
		fmt.Fprintln(stderr, "limier-agent: rule left out:", publish.Plain(e.Error()))
	}
	return engine, nil
}
